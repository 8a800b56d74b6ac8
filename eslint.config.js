import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import globals from "globals";
import tseslint from "typescript-eslint";

/** Engines round these differently, so no number may come from them: src/tensor/scalar.ts has our own. */
const INEXACT = [
  ...[
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
  ],
  ...["exp", "expm1", "log", "log1p", "log2", "log10", "pow", "cbrt", "hypot"],
];

/** Imports point from later layers to earlier ones; layers on one line may import each other. */
const LAYERS = [
  ["platform"],
  ["wasm"],
  ["program"],
  ["tensor", "autograd"],
  ["ops"],
  ["nn", "optim", "data", "io", "profile"],
  ["compile"],
  ["train"],
  ["companions"],
];

/** One block a layer: what lies above it must not be imported from it. Types may: they are gone at run time. */
const directions = LAYERS.map((folders, index) => {
  const above = LAYERS.slice(index + 1).flat();
  const patterns = [
    ...(folders.includes("companions")
      ? [
          {
            regex: "^(\\.\\./)+(?!\\.\\./|index\\.ts$)",
            message: "A companion uses the library as its users do: import from src/index.ts.",
          },
        ]
      : [
          {
            allowTypeImports: true,
            regex: "^(\\.\\./)+index\\.ts$",
            message: "src/index.ts is for users; import the file itself.",
          },
        ]),
    ...(above.length > 0
      ? [
          {
            allowTypeImports: true,
            regex: `^(\\.\\./)+(${above.join("|")})/`,
            message: `${folders.join(" and ")} must not import from ${above.join(", ")}: imports point one way.`,
          },
        ]
      : []),
  ];
  return {
    files: folders.map((folder) => `src/${folder}/**/*.ts`),
    rules: {
      "@typescript-eslint/no-restricted-imports": /** @type {import("eslint").Linter.RuleEntry} */ ([
        "error",
        { patterns },
      ]),
    },
  };
});

export default defineConfig(
  globalIgnores([
    "dist/",
    ".cache/",
    "out/",
    "assembly/",
    "test/goldens/",
    "**/*.gen.ts",
    "**/node_modules/",
    "**/.wrangler/",
  ]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      eqeqeq: "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "no-console": ["error", { allow: ["warn"] }],
      "no-restricted-properties": [
        "error",
        ...INEXACT.map((property) => ({
          object: "Math",
          property,
          message: "It differs between engines; src/tensor/scalar.ts has one that does not.",
        })),
      ],
      "no-restricted-syntax": [
        "error",
        {
          // 2 ** 32 and the like are exact everywhere.
          selector: "BinaryExpression[operator='**']:not([left.value=2][right.type='Literal'])",
          message: "`**` differs between engines; src/tensor/scalar.ts has a power that does not.",
        },
        {
          selector: "AssignmentExpression[operator='**=']",
          message: "`**` differs between engines; src/tensor/scalar.ts has a power that does not.",
        },
      ],
    },
  },
  ...directions,
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: { globals: globals.node },
    rules: { eqeqeq: "error" },
  },
  {
    files: ["test/bundlers/programs/next/**/*.js"],
    languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } },
  },
  { files: ["examples/browser-plain/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["examples/deno/*.js"], languageOptions: { globals: { Deno: "readonly" } } },
);

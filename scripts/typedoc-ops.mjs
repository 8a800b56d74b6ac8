/**
 * For typedoc: ops are constants that hold a function and its record. They are shown as functions, without the record.
 *
 * @import { Application } from "typedoc"
 */
import { Context, ReflectionKind } from "typedoc";

/** @param {Application} app */
export function load(app) {
  const { getComment } = Context.prototype;
  /**
   * @this {Context}
   * @param {Parameters<typeof getComment>} about
   */
  Context.prototype.getComment = function (...about) {
    const comment = getComment.apply(this, about);
    // It has no effect on what cannot be called.
    if (about[1] === ReflectionKind.Variable) comment?.modifierTags.add("@function");
    return comment;
  };
  const shouldIgnore = app.converter.shouldIgnore.bind(app.converter);
  app.converter.shouldIgnore = (symbol, checker) => symbol.name === "record" || shouldIgnore(symbol, checker);
}

//! ESLint rule: what the owner reads stands in the catalogue (src/text), not where it is shown. What counts as text: prose.js.
import { isProse } from './prose.js';

/** @type {import('eslint').Rule.RuleModule} */
export default {
  meta: {
    type: 'problem',
    docs: { description: 'Text that the owner reads stands in src/text.' },
    messages: { inline: '"{{text}}" is text: write it into the catalogue (src/text, the file of its room) and take it from there.' },
    schema: []
  },
  create(context) {
    const look = (node) => {
      if (!isProse(node)) return;
      const text = context.sourceCode.getText(node).trim().replace(/\s+/g, ' ').replace(/^['"`]|['"`]$/g, '');
      context.report({ node, messageId: 'inline', data: { text: text.length > 48 ? `${text.slice(0, 47)}…` : text } });
    };
    return { Literal: look, TemplateLiteral: look, SvelteText: look, SvelteLiteral: look };
  }
};

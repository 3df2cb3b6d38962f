//! What of a file's strings is English for the owner, by where it stands. The rule `no-inline-text` and nothing else asks.
//! Text that stands where it is read ("text") is prose as soon as it holds a letter; anywhere else ("usual") it has to look like a sentence or a name.

/** Attributes, and props of parts, that are read or heard. */
const READ = new Set(['aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext', 'title', 'placeholder', 'alt', 'label', 'hint', 'caption', 'say', 'words', 'sentence', 'none', 'empty']);
/** Fields that hold what is read. */
const SAID = new Set(['label', 'words', 'say', 'word', 'title', 'sentence', 'hint', 'small', 'placeholder', 'caption', 'message', 'detail']);
/** Fields and props that are matched rather than read, unless a whole sentence stands there: errors go by the name of their field. */
const MATCHED = new Set(['key', 'id', 'icon', 'kind', 'state', 'tone', 'family', 'type', 'at', 'do', 'value', 'name', 'field', 'method', 'rel']);
const NEVER = new Set(['code', 'cron', 'href', 'url', 'd', 'class', 'style', 'font', 'keys', 'hash']);
/** Calls whose strings are matched, looked up or thrown at programmers. */
const CALLS = new Set(['includes', 'startsWith', 'endsWith', 'split', 'indexOf', 'lastIndexOf', 'querySelector', 'querySelectorAll', 'closest', 'matches', 'getElementById', 'addEventListener', 'removeEventListener', 'setAttribute', 'getAttribute', 'removeAttribute', 'setProperty', 'getPropertyValue', 'createElement', 'getContext', 'ask', 'call', 'getItem', 'setItem', 'RegExp', 'Error', 'TypeError', 'URL', 'DateTimeFormat', 'NumberFormat', 'matchMedia', 'localeCompare']);
/** Elements that hold lines to copy, and the caps of keys. */
const CODE = new Set(['code', 'pre', 'kbd', 'style', 'script']);
const SEE_THROUGH = new Set(['ConditionalExpression', 'LogicalExpression', 'TemplateLiteral', 'ArrayExpression', 'TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression', 'ChainExpression', 'AwaitExpression', 'SpreadElement', 'TSConstAssertion']);

const nameOf = (node) => (node === null || node === undefined ? '' : node.type === 'Identifier' || node.type === 'SvelteName' || node.type === 'PrivateIdentifier' ? node.name : node.type === 'Literal' ? String(node.value) : node.type === 'MemberExpression' ? nameOf(node.property) : '');

/** Lines of code and key caps are shown as they are typed. */
function inCode(node) {
  for (let up = node.parent; up; up = up.parent) {
    if (up.type === 'SvelteStyleElement' || up.type === 'SvelteScriptElement') return up.type === 'SvelteStyleElement';
    if (up.type === 'SvelteElement' && CODE.has(nameOf(up.name))) return true;
  }
  return false;
}

function placeInAttribute(attribute) {
  const element = attribute.parent?.parent;
  const name = nameOf(attribute.key);
  if (READ.has(name)) return 'text';
  if (element?.kind === 'component') return NEVER.has(name) || MATCHED.has(name) || name.startsWith('aria-') ? 'never' : 'usual';
  return name.startsWith('on') ? 'usual' : 'never';
}

/** Where a string stands: 'text', 'usual' or 'never'. */
function placeOf(node) {
  let child = node;
  for (let up = node.parent; up; child = up, up = up.parent) {
    if (up.type === 'ConditionalExpression' && up.test === child) return 'never';
    if (SEE_THROUGH.has(up.type)) continue;
    switch (up.type) {
      case 'BinaryExpression':
        if (up.operator === '+') continue;
        return /^[!=]==?$/.test(up.operator) ? 'usual' : 'never';
      case 'Property':
        if (up.key === child || up.parent.type === 'ObjectPattern') return up.key === child ? 'never' : 'usual';
        if (isWordList(up.parent)) return 'text';
        return NEVER.has(nameOf(up.key)) ? 'rarely' : MATCHED.has(nameOf(up.key)) ? 'matched' : SAID.has(nameOf(up.key)) ? 'text' : 'usual';
      case 'AssignmentExpression':
        if (up.left.type !== 'MemberExpression' || up.left.computed) return 'usual';
        return up.left.object.type === 'ThisExpression' ? 'never' : NEVER.has(nameOf(up.left)) ? 'rarely' : MATCHED.has(nameOf(up.left)) ? 'matched' : 'usual';
      case 'SvelteEachBlock':
        return up.key === child ? 'never' : 'usual';
      case 'CallExpression':
      case 'NewExpression':
        return up.callee !== child && (CALLS.has(nameOf(up.callee)) || (/^replace(All)?$/.test(nameOf(up.callee)) && up.arguments[0] === child)) ? 'never' : 'usual';
      case 'MemberExpression':
        return up.property === child ? 'never' : 'usual';
      case 'SwitchCase':
      case 'ImportDeclaration':
      case 'ImportExpression':
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
      case 'TSLiteralType':
      case 'TSEnumMember':
      case 'TSExternalModuleReference':
      case 'TaggedTemplateExpression':
      case 'ExpressionStatement':
      case 'SvelteStyleDirective':
        return 'never';
      case 'SvelteMustacheTag':
        return up.parent.type === 'SvelteAttribute' ? placeInAttribute(up.parent) : inCode(up) ? 'never' : 'text';
      case 'SvelteAttribute':
        return placeInAttribute(up);
      default:
        return 'usual';
    }
  }
  return 'usual';
}

const LETTER = /\p{L}/u;
const SENTENCE = /\p{L}\p{Ll}/u;
/** A route, an address, snake_case, camelCase, a file, a CSS or MIME value, a command line, JSON: nothing that is read. */
const CODE_LIKE = /^(https?:|mailto:|[/#.?&]\w|--?\w)\S*$|^\w*_\w+$|^[a-z]+[A-Z]\w*$|^[\w-]+(\.[\w-]+)+$|^\([a-z-]+:|\b\d+px\b|^[\w-]+\([^)]*\)\)?$|^(image|text|application)\/\S+$|^[{[]\S? ?["{]|^\{\{|\w\.(py|sh|js|html)\b|^(cuetowerctl|curl)( [\w-]+)*$/u;
const KEY_CAP = /^(Arrow\w+|Page(Up|Down)|Esc|Escape|Enter|Home|End|Tab|((Ctrl|Alt|Shift) )+\S+|G [A-Z,])$/;

function looksLikeProse(text, place) {
  const bare = text.trim();
  if (place === 'never' || !LETTER.test(bare) || KEY_CAP.test(bare)) return false;
  const said = /^[\p{Lu}\ufffc].*\p{L} .*\p{L}.*[.?…]$/u.test(bare);
  if (place === 'text') return said || !/^[a-z]+_\w+$|^https?:\S*$|^\w+\([^)]*\)$/u.test(bare) && !(CODE_LIKE.test(bare) && /["\\{]|\.(py|sh)\b/.test(bare));
  if (said || place === 'rarely' || CODE_LIKE.test(bare)) return said;
  if (place === 'matched') return /^[\p{Lu}\ufffc].*\s\p{L}/u.test(bare) || /^\p{Lu}\p{Ll}+$/u.test(bare);
  return (SENTENCE.test(text) && (/^\p{Lu}\p{Ll}+($|[ .:,…’'])/u.test(bare) || /\p{L}[,.:;…)]* |[ (]\p{L}|…$/u.test(text))) || (text.includes('\ufffc') && /[ (]\p{L}|\p{L}[,.:]? /u.test(text));
}

/** What a string says; the values in a template are \ufffc. */
function textOf(node) {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : '';
  if (node.type === 'TemplateLiteral') return node.quasis.map((quasi) => quasi.value.cooked ?? quasi.value.raw).join('\ufffc');
  return node.value ?? '';
}

const isText = (node) => node?.type === 'TemplateLiteral' || (node?.type === 'Literal' && typeof node.value === 'string');
/** "fire ${cue.id}": a key to tell rows apart. */
const isRowKey = (node) => node.type === 'TemplateLiteral' && /^(id|code|key|\w+_id)$/.test(nameOf(node.expressions.at(-1))) && node.quasis.at(-1).value.raw === '' && /^[a-z ]*$/.test(node.quasis[0].value.raw) && node.quasis.length === 2;
const alone = (node) => isText(node) && !isRowKey(node) && looksLikeProse(textOf(node), placeOf(node));

/** A table from states to words: all of its values are words, one that looks like no prose by itself too. */
function isWordList(object) {
  const values = object.properties.map((property) => property.value);
  if (object.type !== 'ObjectExpression' || values.length < 2 || !values.every(isText)) return false;
  const share = values.filter((value) => looksLikeProse(textOf(value), 'usual')).length / values.length;
  const { parent } = object;
  const table = (parent.type === 'MemberExpression' && parent.object === object) || (parent.type === 'VariableDeclarator' && /^(Record|Partial|Readonly)$/.test(nameOf(parent.id.typeAnnotation?.typeAnnotation?.typeName)));
  return table ? share >= 0.3 : share >= 0.8 && !object.properties.some((property) => ['value', 'icon', 'key', 'id'].includes(nameOf(property.key)));
}

/** The branches that stand for each other with this one: of "x ? 'late' : 'on time'" one alone does not look like prose. */
function companions(node) {
  const { parent } = node;
  return parent?.type === 'ConditionalExpression' && parent.test !== node ? [parent.consequent === node ? parent.alternate : parent.consequent] : [];
}

/** True when the string, or the text of the markup, belongs into the catalogue. */
export function isProse(node) {
  if (node.type === 'SvelteText') return LETTER.test(node.value.replace(/&\w+;/g, '')) && !inCode(node);
  if (node.type === 'SvelteLiteral') return node.parent.type === 'SvelteAttribute' && looksLikeProse(node.value, placeInAttribute(node.parent));
  if (!isText(node)) return false;
  if (alone(node)) return true;
  const place = placeOf(node);
  return place === 'usual' && LETTER.test(textOf(node)) && !CODE_LIKE.test(textOf(node)) && companions(node).some(alone);
}

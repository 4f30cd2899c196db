'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { createRequire } = require('node:module');
const { onEvents } = require('./events');
const { ExitCodes, Fatal } = require('./fatal');
const { asText } = require('./log');

const SIGNATURES = ['http', 'cloudevent'];
const EXTENSIONS = ['.js', '.mjs', '.cjs'];
const TARGET = /^(?<module>[\w@-][\w@./-]*)\.(?<name>[A-Za-z_$][\w$-]*)$/;

/**
 * Loads the function that FUNCTION_TARGET (`module.function`) names from the source directory. CommonJS and ES modules
 * are loaded alike; what a module exports as default counts as its exports too.
 */
async function loadHandler({ target, signature, source }) {
  if (!SIGNATURES.includes(signature)) {
    throw new Fatal(ExitCodes.badTarget, `The signature "${signature}" is not supported by this runtime.`, 'use the signature "http" or "cloudevent".');
  }
  const { file, name } = locate(target, source);
  let exported;
  try {
    exported = await import(pathToFileURL(file).href);
  } catch (error) {
    throw loadFailure(error, file, source);
  }
  const found = registered(name, file);
  const handler = pick(exported, name) ?? found?.handler;
  if (typeof handler === 'function') return ((found?.handler === handler && found.signature) || signature) === 'cloudevent' ? onEvents(handler) : handler;
  throw missingExport(exported, handler, { target, file, name });
}

function locate(target, source) {
  const match = TARGET.exec(target);
  if (!match || match.groups.module.split('/').includes('..')) {
    throw new Fatal(
      ExitCodes.badTarget,
      target ? `The handler "${target}" is not of the form module.function.` : 'No handler is set (FUNCTION_TARGET is empty).',
      'name a file without its extension, a dot, and one of its exports: "index.handler" is the export "handler" of index.js.');
  }
  const { module, name } = match.groups;
  const base = path.join(source, module);
  const candidates = [...EXTENSIONS.map((e) => base + e), ...EXTENSIONS.map((e) => path.join(base, `index${e}`))];
  const file = candidates.find((c) => fs.statSync(c, { throwIfNoEntry: false })?.isFile());
  if (file) return { file, name };
  throw new Fatal(
    ExitCodes.badTarget,
    `The handler "${target}" was not found: there is no ${EXTENSIONS.map((e) => module + e).join(', ')} in the source. ${inventory(source)}`,
    `add ${module}.js to the source, or let the handler name a file that is there.`);
}

function inventory(source) {
  let names;
  try {
    names = fs.readdirSync(source);
  } catch (error) {
    return `The source directory ${source} cannot be read (${error.code}).`;
  }
  if (names.length === 0) return 'The source is empty.';
  const shown = names.sort().slice(0, 20).join(', ');
  return `It holds: ${shown}${names.length > 20 ? ` and ${names.length - 20} more` : ''}.`;
}

function pick(exported, name) {
  for (const holder of [exported, exported.default]) {
    if (holder !== null && (typeof holder === 'object' || typeof holder === 'function') && holder[name] !== undefined && holder[name] !== exported) {
      return holder[name];
    }
  }
  return undefined;
}

/** What was registered under this name with the Functions Framework, its own copy or that of the image: its signature outranks the setting, as there. */
function registered(name, file) {
  const require = createRequire(file);
  let main;
  try {
    main = require.resolve('@google-cloud/functions-framework');
  } catch {
    return undefined;
  }
  // A copy that was not loaded knows of nothing, and takes a while to load.
  const registry = path.join(path.dirname(main), 'function_registry.js');
  const found = require.cache[registry]?.exports.getRegisteredFunction?.(name);
  return found && { handler: found.userFunction, signature: found.signatureType };
}

function missingExport(exported, found, { target, file, name }) {
  if (found !== undefined) {
    return new Fatal(
      ExitCodes.badTarget,
      `The handler "${target}" is no function: ${path.basename(file)} exports "${name}" as ${typeof found}.`,
      `export a function (req, res) named "${name}".`);
  }
  const module = target.slice(0, -name.length - 1);
  const names = new Set(Object.keys(exported));
  const fallback = exported.default;
  if (fallback !== null && typeof fallback === 'object') for (const key of Object.keys(fallback)) names.add(key);
  // Node adds 'default' (and lately 'module.exports') to every CommonJS module.
  names.delete('module.exports');
  if (typeof fallback !== 'function') names.delete('default');
  const functions = [...names].filter((n) => typeof pick(exported, n) === 'function');
  return new Fatal(
    ExitCodes.badTarget,
    `The handler "${target}" was not found: ${path.basename(file)} exports ${names.size ? [...names].map((n) => `"${n}"`).join(', ') : 'nothing'}.`,
    `export a function named "${name}"${functions.length ? `, or set the handler to "${module}.${functions[0]}"` : ` (exports.${name} = (req, res) => ...)`}.`);
}

function loadFailure(error, file, source) {
  const text = error?.stack ? String(error.stack) : asText(error);
  const where = position(text, source) ?? (error instanceof SyntaxError ? positionByNode(file, source) : undefined);
  const summary = error instanceof Error ? `${error.name}: ${String(error.message).split('\nRequire stack:', 1)[0]}` : asText(error);
  return new Fatal(
    ExitCodes.loadFailed,
    `${path.basename(file)} could not be loaded: ${summary}${where ? ` (at ${where})` : ''}`,
    `${loadRemedy(error)}\n${withoutInternals(text)}`);
}

/** A stack without the frames of Node and of the invoker. */
function withoutInternals(stack) {
  const isInternal = (line) => /^ +at /.test(line) && (line.includes('node:internal/') || line.includes(__dirname));
  return stack.split('\n').filter((line) => !isInternal(line)).join('\n').trimEnd();
}

function loadRemedy(error) {
  const message = String(error?.message);
  if (error instanceof SyntaxError && /import statement outside a module|Unexpected token 'export'/.test(message)) {
    return 'the file is an ES module, but Node takes it for CommonJS: name it .mjs, or add a package.json with {"type": "module"}.';
  }
  if (error instanceof ReferenceError && /(require|module|exports) is not defined/.test(message)) {
    return 'the file is CommonJS, but Node takes it for an ES module: name it .cjs, or remove "type": "module" from package.json.';
  }
  if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
    return 'put the missing module into the source: packages from npm have to be in its node_modules directory.';
  }
  if (error instanceof SyntaxError) return 'correct the syntax at this place.';
  return 'correct the code that runs when the module is loaded; it must not throw.';
}

/**
 * The stack of a syntax error in an ES module names no place; node itself prints it when it runs the file. Modules are
 * linked before any of them runs, so this runs no code of the user.
 */
function positionByNode(file, source) {
  const run = require('node:child_process').spawnSync(process.execPath, [file], { cwd: source, timeout: 5000, killSignal: 'SIGKILL', stdio: ['ignore', 'ignore', 'pipe'] });
  return position(String(run.stderr ?? ''), source);
}

/** The place in the user's own code that a stack speaks of: file:line, relative to the source. */
function position(stack, source) {
  const escaped = source.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const match = new RegExp(`(?:file://)?${escaped}/?([^\\s():]+:\\d+)`).exec(stack);
  return match ? match[1] : undefined;
}

module.exports = { loadHandler, position };

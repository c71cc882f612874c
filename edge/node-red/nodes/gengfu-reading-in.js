// Node-RED asks for a file of this name; what it does stands in TypeScript.
module.exports = require("../../src/node-red/runtime/nodes.ts").readingIn;

// CommonJS, because a cluster worker whose main file is an ES module gets no messages (nodejs/node#48578, poolifier/poolifier#782).
const { ClusterWorker } = require('poolifier');
const functions = require('./functions.mjs');

module.exports = new ClusterWorker({ ...functions });

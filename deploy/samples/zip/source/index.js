const roman = require('roman');

exports.handler = (req) => `${roman(Number(req.query.n ?? new Date().getFullYear()))}\n`;

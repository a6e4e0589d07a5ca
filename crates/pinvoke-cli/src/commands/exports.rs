//! `pinvoke exports`: what a library exports.

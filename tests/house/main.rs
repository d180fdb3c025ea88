//! Rules of the house that no lint knows: what crates may depend on, and that the docs name what is
//! there. It reads the sources and links none of them.

mod architecture;
mod behaviours;
mod commands;
mod glossary;
mod manifests;
mod sources;
mod tidy;
mod values;
mod words;

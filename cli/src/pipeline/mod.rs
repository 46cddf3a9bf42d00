//! Plan → bundle → apply → journal: joins the engines.

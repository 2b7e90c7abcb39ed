//! SDK for connectors and use-case handlers.

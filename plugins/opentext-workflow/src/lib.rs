//! Connector for opentext-workflow.

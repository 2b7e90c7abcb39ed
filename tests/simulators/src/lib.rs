//! Simulators of Canto, iconik and OpenText Workflow Service.

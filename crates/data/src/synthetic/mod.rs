//! The embedded faces: a deterministic renderer of parametric faces.

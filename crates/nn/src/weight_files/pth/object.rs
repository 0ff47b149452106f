//! What a pickle's instructions make.

use safetensors::Dtype;

use super::storage::{Storage, View};

/// The place of an object among all that a pickle made. Objects hold one another by place, so that however deep they
/// are nested nothing recurses.
pub(super) type Id = usize;

/// A name that a pickle may call: those of a state dict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`.
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`.
    RebuildParameter,
    /// `torch.FloatStorage` and the like.
    Storage(Dtype),
}

impl Global {
    /// The one called `module.name`, if it is among them.
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", "DoubleStorage") => Self::Storage(Dtype::F64),
            ("torch", "FloatStorage") => Self::Storage(Dtype::F32),
            ("torch", "HalfStorage") => Self::Storage(Dtype::F16),
            ("torch", "BFloat16Storage") => Self::Storage(Dtype::BF16),
            ("torch", "LongStorage") => Self::Storage(Dtype::I64),
            ("torch", "IntStorage") => Self::Storage(Dtype::I32),
            ("torch", "ShortStorage") => Self::Storage(Dtype::I16),
            ("torch", "ByteStorage") => Self::Storage(Dtype::U8),
            _ => return None,
        })
    }
}

/// One object. `'a` is the pickle's.
#[derive(Debug)]
pub(super) enum Object<'a> {
    /// `None`, a truth value, or a number with a point: nothing that tensors are described with.
    Plain,
    Int(i64),
    Text(&'a str),
    Global(Global),
    Tuple(Vec<Id>),
    List,
    Dict(Vec<(Id, Id)>),
    Storage(Storage<'a>),
    Tensor(Box<View<'a>>),
}

//! The pickle machine: a stack, a memory, and the few instructions of a state dict.
//!
//! Instructions and their arguments are those of Python's `pickletools`. Each makes one object at most: of some tens of
//! bytes, or a tensor's view, whose dimensions are few. So memory and time are bounded by the pickle's own length.

use std::collections::BTreeMap;

use super::{
    PickleProblem, PthError,
    object::{Global, Id},
    storage::{Storage, View},
};
use crate::checkpoint::shown;

pub(super) use super::object::Object;

/// All that a pickle made.
pub(super) struct Pickled<'a> {
    objects: Vec<Object<'a>>,
    root: Id,
}

impl<'a> Pickled<'a> {
    /// What the pickle is of.
    pub(super) fn root(&self) -> &Object<'a> {
        self.object(self.root)
    }

    pub(super) fn object(&self, id: Id) -> &Object<'a> {
        &self.objects[id]
    }
}

/// Carries out `program`.
pub(super) fn load(program: &[u8]) -> Result<Pickled<'_>, PthError> {
    let mut machine = Machine { program, ..Machine::default() };
    match machine.run() {
        Ok(root) => Ok(Pickled { objects: machine.objects, root }),
        Err(problem) => Err(PthError::Pickle { at: machine.began, problem }),
    }
}

type Outcome<T> = Result<T, PickleProblem>;

const STOP: u8 = b'.';
/// Arguments of a call, and dimensions of a tensor: PyTorch writes up to seven and four.
const MOST_PARTS: usize = 8;

#[derive(Default)]
struct Machine<'a> {
    program: &'a [u8],
    /// Where the next instruction is read, and where the present one began.
    at: usize,
    began: usize,
    objects: Vec<Object<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack at each mark.
    marks: Vec<usize>,
    memory: BTreeMap<u64, Id>,
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Outcome<Id> {
        loop {
            self.began = self.at;
            match self.take(1)?[0] {
                STOP => return self.pop(),
                instruction => self.carry_out(instruction)?,
            }
        }
    }

    fn carry_out(&mut self, instruction: u8) -> Outcome<()> {
        match instruction {
            // The protocol's version, and the length of what follows.
            0x80 => self.take(1).map(drop),
            0x95 => self.take(8).map(drop),
            b'N' | 0x88 | 0x89 => self.push(Object::Plain),
            b'G' => self.take(8).map(drop).and_then(|()| self.push(Object::Plain)),
            b'K' => self.unsigned(1).and_then(|value| self.push(Object::Int(value as i64))),
            b'M' => self.unsigned(2).and_then(|value| self.push(Object::Int(value as i64))),
            b'J' => self.signed(4),
            0x8a => self.unsigned(1).and_then(|length| self.signed(length)),
            b'X' => self.unsigned(4).and_then(|length| self.text(length)),
            0x8c => self.unsigned(1).and_then(|length| self.text(length)),
            b'c' => self.global_by_lines().and_then(|global| self.push(Object::Global(global))),
            0x93 => self.global_by_texts(),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b')' => self.push(Object::Tuple(Vec::new())),
            count @ 0x85..=0x87 => {
                self.pop_many(usize::from(count - 0x84)).and_then(|all| self.push(Object::Tuple(all)))
            }
            b't' => self.pop_to_mark().and_then(|all| self.push(Object::Tuple(all))),
            b']' => self.push(Object::List),
            b'a' => self.pop().and_then(|_| self.expect_list()),
            b'e' => self.pop_to_mark().and_then(|_| self.expect_list()),
            b'}' => self.push(Object::Dict(Vec::new())),
            b's' => self.pop_many(2).and_then(|pair| self.set_items(&pair)),
            b'u' => self.pop_to_mark().and_then(|pairs| self.set_items(&pairs)),
            b'q' => self.unsigned(1).and_then(|key| self.remember(key)),
            b'r' => self.unsigned(4).and_then(|key| self.remember(key)),
            0x94 => self.remember(self.memory.len() as u64),
            b'h' => self.unsigned(1).and_then(|key| self.recall(key)),
            b'j' => self.unsigned(4).and_then(|key| self.recall(key)),
            b'Q' => self.storage(),
            b'R' => self.call(),
            b'b' => self.build(),
            // Also a call, in an older form: it is refused, by its name where that is foreign.
            b'i' => self.global_by_lines().and(Err(PickleProblem::Instruction(instruction))),
            other => Err(PickleProblem::Instruction(other)),
        }
    }

    fn take(&mut self, count: usize) -> Outcome<&'a [u8]> {
        let rest = self.program.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or(PickleProblem::End)?;
        self.at += count;
        Ok(taken)
    }

    fn unsigned(&mut self, count: usize) -> Outcome<u64> {
        let bytes = self.take(count)?.iter().rev();
        Ok(bytes.fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    /// Pushes a number of `length` bytes, two's complement.
    fn signed(&mut self, length: u64) -> Outcome<()> {
        if length > 8 {
            return Err(PickleProblem::Damaged("a number is too large"));
        }
        let value = self.unsigned(length as usize)?;
        let spare = 64 - 8 * length as u32;
        self.push(Object::Int(if length == 0 { 0 } else { (value << spare) as i64 >> spare }))
    }

    fn text(&mut self, length: u64) -> Outcome<()> {
        let text = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        self.push(Object::Text(utf8(text)?))
    }

    fn global_by_lines(&mut self) -> Outcome<Global> {
        let (module, name) = (self.line()?, self.line()?);
        global(module, name)
    }

    fn line(&mut self) -> Outcome<&'a str> {
        let rest = self.program.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|&byte| byte == b'\n').ok_or(PickleProblem::End)?;
        let line = self.take(length + 1)?;
        utf8(&line[..length])
    }

    fn global_by_texts(&mut self) -> Outcome<()> {
        let names = self.pop_many(2)?;
        let [Object::Text(module), Object::Text(name)] = [names[0], names[1]].map(|id| &self.objects[id])
        else {
            return Err(PickleProblem::Damaged("a name is no text"));
        };
        let global = global(module, name)?;
        self.push(Object::Global(global))
    }

    #[expect(clippy::unnecessary_wraps, reason = "ends a chain of what may fail")]
    fn push(&mut self, object: Object<'a>) -> Outcome<()> {
        self.stack.push(self.objects.len());
        self.objects.push(object);
        Ok(())
    }

    /// Whatever lies below the last mark is out of reach, as in Python.
    fn pop(&mut self) -> Outcome<Id> {
        Ok(self.pop_many(1)?[0])
    }

    fn pop_many(&mut self, count: usize) -> Outcome<Vec<Id>> {
        let floor = self.marks.last().copied().unwrap_or_default();
        let from = self.stack.len().checked_sub(count).filter(|from| *from >= floor);
        Ok(self.stack.drain(from.ok_or(PickleProblem::Damaged("its stack is empty"))?..).collect())
    }

    fn pop_to_mark(&mut self) -> Outcome<Vec<Id>> {
        let mark = self.marks.pop().ok_or(PickleProblem::Damaged("a mark is missing"))?;
        Ok(self.stack.drain(mark..).collect())
    }

    fn top(&self) -> Outcome<Id> {
        self.stack.last().copied().ok_or(PickleProblem::Damaged("its stack is empty"))
    }

    /// Lists describe no tensors: what they hold is passed over.
    fn expect_list(&self) -> Outcome<()> {
        let is_list = matches!(self.objects[self.top()?], Object::List);
        if is_list { Ok(()) } else { Err(PickleProblem::Damaged("what is added to is no list")) }
    }

    fn set_items(&mut self, items: &[Id]) -> Outcome<()> {
        let top = self.top()?;
        let (Object::Dict(entries), true) = (&mut self.objects[top], items.len().is_multiple_of(2)) else {
            return Err(PickleProblem::Damaged("what is set is no entry of a dictionary"));
        };
        entries.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
        Ok(())
    }

    fn remember(&mut self, key: u64) -> Outcome<()> {
        self.memory.insert(key, self.top()?);
        Ok(())
    }

    fn recall(&mut self, key: u64) -> Outcome<()> {
        let known = self.memory.get(&key).copied();
        self.stack.push(known.ok_or(PickleProblem::Damaged("it recalls what it never kept"))?);
        Ok(())
    }

    /// Attributes of a dictionary, such as the versions of modules, are passed over.
    fn build(&mut self) -> Outcome<()> {
        self.pop()?;
        let is_dict = matches!(self.objects[self.top()?], Object::Dict(_));
        if is_dict {
            Ok(())
        } else {
            Err(PickleProblem::Damaged("what is given attributes is no dictionary"))
        }
    }

    /// `('storage', torch.FloatStorage, '0', 'cpu', 6)`.
    fn storage(&mut self) -> Outcome<()> {
        const WRONG: PickleProblem = PickleProblem::Damaged("what is kept outside of it is no storage");
        let id = self.pop()?;
        let parts = self.few(id).ok_or(WRONG)?;
        let &[kind, storage, key, _, count] = parts else { return Err(WRONG) };
        let [kind, storage, key, count] = [kind, storage, key, count].map(|id| &self.objects[id]);
        let (Object::Text("storage"), Object::Global(Global::Storage(dtype)), Object::Text(key)) =
            (kind, storage, key)
        else {
            return Err(WRONG);
        };
        let count = size(count).ok_or(WRONG)?;
        self.push(Object::Storage(Storage { dtype: *dtype, key, count }))
    }

    fn call(&mut self) -> Outcome<()> {
        const WRONG: PickleProblem = PickleProblem::Damaged("a call is not as PyTorch writes it");
        let pair = self.pop_many(2)?;
        let (Object::Global(global), Some(arguments)) = (&self.objects[pair[0]], self.few(pair[1])) else {
            return Err(WRONG);
        };
        match (global, arguments) {
            (Global::OrderedDict, []) => self.push(Object::Dict(Vec::new())),
            (Global::RebuildTensor, &[storage, offset, shape, strides, ..]) => {
                let view = self.view(storage, offset, shape, strides).ok_or(WRONG)?;
                self.push(Object::Tensor(Box::new(view)))
            }
            // A parameter is its tensor.
            (Global::RebuildParameter, &[tensor, ..])
                if matches!(self.objects[tensor], Object::Tensor(_)) =>
            {
                self.stack.push(tensor);
                Ok(())
            }
            (
                Global::OrderedDict | Global::RebuildTensor | Global::RebuildParameter | Global::Storage(_),
                _,
            ) => Err(WRONG),
        }
    }

    fn view(&self, storage: Id, offset: Id, shape: Id, strides: Id) -> Option<View<'a>> {
        let Object::Storage(storage) = self.objects[storage] else { return None };
        let one = |id: Id| size(&self.objects[id]);
        let sizes = |id: Id| self.few(id)?.iter().map(|&id| one(id)).collect::<Option<Vec<_>>>();
        Some(View { storage, offset: one(offset)?, shape: sizes(shape)?, strides: sizes(strides)? })
    }

    /// The parts of a tuple of few.
    fn few(&self, id: Id) -> Option<&[Id]> {
        let Object::Tuple(parts) = &self.objects[id] else { return None };
        (parts.len() <= MOST_PARTS).then_some(parts)
    }
}

fn global(module: &str, name: &str) -> Outcome<Global> {
    Global::named(module, name).ok_or_else(|| PickleProblem::Foreign(shown(&format!("{module}.{name}"))))
}

fn size(object: &Object<'_>) -> Option<usize> {
    let Object::Int(value) = object else { return None };
    usize::try_from(*value).ok()
}

fn utf8(bytes: &[u8]) -> Outcome<&str> {
    std::str::from_utf8(bytes).map_err(|_| PickleProblem::Damaged("a text is not UTF-8"))
}

//! What modules offer each other, by type.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One handle of each type.
#[derive(Default)]
pub(crate) struct Handles(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Handles {
    pub(crate) fn provide<T: Send + Sync + 'static>(&self, handle: Arc<T>) {
        let mut handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handles.insert(TypeId::of::<T>(), handle);
    }

    pub(crate) fn find<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = handles.get(&TypeId::of::<T>())?.clone();
        handle.downcast().ok()
    }
}

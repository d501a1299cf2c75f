;; Imports what would read the environment, of a WASI that this host does not link. Behind that of 0.2, which engines need, is nothing.
(component
  (import "wasi:cli/environment@0.3.0" (instance))
)

;; Imports what would open a socket.
(component
  (import "wasi:sockets/tcp@0.2.0" (instance))
)

;; Imports a version of the host that does not exist.
(component
  (import "hallpass:connector/host@9.0.0" (instance))
)

package contracts

//go:generate go run ./internal/schemagen -source . -schema schema -docs ../docs/spec

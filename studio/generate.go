package studio

//go:generate go run ./apidoc -o ui/openapi.json

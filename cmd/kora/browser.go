package main

import (
	"os/exec"
	"runtime"
)

// openBrowser shows an address in the user's browser, where there is one. The
// address has been printed, so that nothing is lost where there is none.
func openBrowser(address string) {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	cmd := exec.Command(name, args...)
	if cmd.Start() != nil {
		return
	}
	go func() { _ = cmd.Wait() }() // it only frees the process
}

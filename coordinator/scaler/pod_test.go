package scaler_test

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// pod is what a child of the tests does.
func pod() int {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	n := os.Args[len(os.Args)-1]
	fmt.Println("up", n)
	<-stop
	fmt.Println("down", n)
	return 0
}

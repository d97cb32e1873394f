//go:build !linux

package sandbox

func noPagemap() pagemap { return pagemap{} }

package studio

import (
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// page serves the files of the page. Every address that is no file is the page
// itself, which knows what it means. Names of assets change with their content.
func page(files fs.FS) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if strings.HasPrefix(name, "api/") {
			http.NotFound(w, r)
			return
		}
		if info, err := fs.Stat(files, name); name == "" || err != nil || info.IsDir() {
			http.ServeFileFS(w, r, files, "index.html")
			return
		}
		if strings.HasPrefix(name, "assets/") {
			w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
		}
		server.ServeHTTP(w, r)
	})
}

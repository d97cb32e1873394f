package sdk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

type greeting struct {
	Name  string `json:"name"`
	Times int    `json:"times"`
}

type greeted struct {
	Text string `json:"text"`
}

func greet(_ context.Context, in greeting) (greeted, error) {
	if in.Times < 1 {
		return greeted{}, errors.New("times: must be positive")
	}
	return greeted{Text: strings.Repeat("hello <"+in.Name+">", in.Times)}, nil
}

func echo(ctx context.Context, in struct {
	Blob string `json:"blob"`
}) (Bytes, error) {
	Logf(ctx, "echo %s", in.Blob)
	b, err := Blob(ctx, in.Blob)
	return Bytes{MediaType: "application/octet-stream", Data: b}, err
}

func TestTaskRefusesInputThatIsNotExactlyItsType(t *testing.T) {
	task := Task("greet", greet)
	for _, tc := range []struct{ name, input, want string }{
		{"unknown field", `{"name":"a","times":1,"tims":2}`, `unknown field "tims"`},
		{"wrong type", `{"name":1,"times":1}`, "greeting.name"},
		{"fraction", `{"name":"a","times":1.5}`, "greeting.times"},
		{"two values", `{"name":"a","times":1}{}`, "data after the JSON value, which ends at offset 22"},
		{"empty", ``, "no JSON value"},
		{"cut off", `{"name":"a`, "unexpected EOF"},
		{"the task's own error", `{"name":"a","times":0}`, "times: must be positive"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := task.Run(context.Background(), []byte(tc.input))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one naming %q", err, tc.want)
			}
		})
	}
}

func TestTaskEncodesPlainJSON(t *testing.T) {
	out, err := Task("greet", greet).Run(context.Background(), []byte(`{"name":"a&b","times":2}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"text":"hello <a&b>hello <a&b>"}`
	if string(out.Data) != want || out.MediaType != MediaJSON {
		t.Errorf("output %s of %s, want %s of %s", out.Data, out.MediaType, want, MediaJSON)
	}
}

func TestBytesWithoutMediaTypeAreJSON(t *testing.T) {
	task := Task("raw", func(context.Context, struct{}) (Bytes, error) { return Bytes{Data: []byte("[1]")}, nil })
	out, err := task.Run(context.Background(), []byte(`{}`))
	if err != nil || out.MediaType != MediaJSON || string(out.Data) != "[1]" {
		t.Errorf("output %q of %q, error %v", out.Data, out.MediaType, err)
	}
}

func TestBlobs(t *testing.T) {
	var log bytes.Buffer
	ctx := NewContext(context.Background(), fstest.MapFS{"b": {Data: []byte("two")}, "a": {Data: []byte("one")}}, &log)
	names, err := Blobs(ctx)
	if err != nil || !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("Blobs = %q, %v", names, err)
	}
	f, err := OpenBlob(ctx, "b")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "two" {
		t.Errorf("opened blob reads %q, %v", b, err)
	}
	at, err := OpenBlobAt(ctx, "b")
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	var wo [2]byte
	if n, err := at.ReadAt(wo[:], 1); err != nil || string(wo[:n]) != "wo" || at.Size != 3 {
		t.Errorf("blob of %d bytes reads %q at 1, %v", at.Size, wo[:n], err)
	}
	out, err := Task("echo", echo).Run(ctx, []byte(`{"blob":"a"}`))
	if err != nil || string(out.Data) != "one" || log.String() != "echo a\n" {
		t.Errorf("output %q, log %q, error %v", out.Data, log.String(), err)
	}
}

func TestMissingBlobIsNamed(t *testing.T) {
	for name, ctx := range map[string]context.Context{
		"no guest": context.Background(),
		"no blobs": NewContext(context.Background(), nil, nil),
		"no such":  NewContext(context.Background(), fstest.MapFS{}, nil),
		"no dir":   NewContext(context.Background(), os.DirFS(filepath.Join(t.TempDir(), "none")), nil),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Blob(ctx, "x")
			_, errOpen := OpenBlob(ctx, "x")
			_, errAt := OpenBlobAt(ctx, "x")
			for _, err := range []error{err, errOpen, errAt} {
				if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `blob "x"`) {
					t.Errorf("error %v, want a not-exist error naming the blob", err)
				}
			}
			if names, err := Blobs(ctx); err != nil || len(names) != 0 {
				t.Errorf("Blobs = %q, %v, want none", names, err)
			}
		})
	}
}

func TestCommandABI(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("\x00\xff"), 0o600); err != nil {
		t.Fatal(err)
	}
	entries := []Entry{Task("greet", greet), Task("echo", echo)}
	for _, tc := range []struct {
		name        string
		args        []string
		stdin       string
		code        int
		out, stderr string
	}{
		{"json", []string{"krako", "greet"}, `{"name":"a","times":1}`, 0, `{"text":"hello <a>"}`, ""},
		{"bytes", []string{"krako", "echo", dir}, `{"blob":"a"}`, 0, "\x00\xff", "echo a\n"},
		{"failure", []string{"krako", "greet"}, `{}`, 1, "", "times: must be positive\n"},
		{"unknown entry", []string{"krako", "great"}, `{}`, 1, "", `no entry "great", this program has ["greet" "echo"]` + "\n"},
		{"no entry", []string{"krako"}, `{}`, 1, "", `no entry "", this program has ["greet" "echo"]` + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out, log bytes.Buffer
			code := command(tc.args, strings.NewReader(tc.stdin), &out, &log, entries)
			if code != tc.code || out.String() != tc.out || log.String() != tc.stderr {
				t.Errorf("exit %d, output %q, log %q; want %d, %q, %q", code, out.String(), log.String(), tc.code, tc.out, tc.stderr)
			}
		})
	}
}

func TestSingleTaskNeedsNoEntryName(t *testing.T) {
	var out, log bytes.Buffer
	code := command([]string{"krako", ""}, strings.NewReader(`{"name":"a","times":1}`), &out, &log, []Entry{Task("greet", greet)})
	if code != 0 || out.Len() == 0 {
		t.Errorf("exit %d, log %q", code, log.String())
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestLostOutputIsAFailure(t *testing.T) {
	var log bytes.Buffer
	code := command([]string{"krako", ""}, strings.NewReader(`{"name":"a","times":1}`), brokenPipe{}, &log, []Entry{Task("greet", greet)})
	if code != 1 || !strings.Contains(log.String(), "write output") {
		t.Errorf("exit %d, log %q", code, log.String())
	}
}

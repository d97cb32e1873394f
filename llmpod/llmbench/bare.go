package llmbench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/krako-labs/krako/internal/llama"
)

// timing is how one answer came.
type timing struct {
	first, last time.Duration // of text, since the request was sent
	tokens      int
	text        []byte
}

// between is the mean time between tokens.
func (t timing) between() time.Duration {
	return (t.last - t.first) / time.Duration(max(t.tokens-1, 1))
}

// asker has one prompt answered in a number of tokens.
type asker interface {
	ask(ctx context.Context, prompt string, tokens int) (timing, error)
	// rest puts things in order behind a turn; it counts for nobody.
	rest(ctx context.Context) error
}

// bare asks llama-server's chat endpoint, as a program without Krako does.
type bare struct {
	client *http.Client
	end    llama.Endpoint
	server *llama.Client
	slots  int
}

// newBare asks a server with so many slots.
func newBare(end llama.Endpoint, slots int) (*bare, error) {
	server, err := llama.New(end)
	if err != nil {
		return nil, err
	}
	// The server closes a connection after a stream without saying so.
	t := &http.Transport{DisableKeepAlives: true}
	if end.Socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", end.Socket)
		}
		end.URL = "http://llama-server"
	}
	return &bare{&http.Client{Transport: t}, end, server, slots}, nil
}

// rest empties the slots: nobody goes on from what was left in one.
func (b *bare) rest(ctx context.Context) error {
	for slot := range b.slots {
		if err := b.server.Erase(ctx, slot); err != nil {
			return err
		}
	}
	return nil
}

func (b *bare) ask(ctx context.Context, prompt string, tokens int) (t timing, err error) {
	err = b.stream(ctx, prompt, tokens, &t, func() {})
	return t, err
}

// stream notes in t how an answer comes, and calls heard at every piece of it.
func (b *bare) stream(ctx context.Context, prompt string, tokens int, t *timing, heard func()) error {
	body, err := json.Marshal(map[string]any{
		"messages": []llama.Message{{Role: "user", Content: prompt}}, "max_tokens": tokens, "temperature": 0, "stream": true,
		"stream_options": map[string]bool{"include_usage": true},
		// Every prompt is a new session's. Krako never starts one from another's tokens,
		// be they only those of the template: neither does this, so that both compute
		// the same.
		"cache_prompt": false,
	})
	if err != nil {
		return err
	}
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.end.URL+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+b.end.Key)
	res, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("llama-server answers %s", res.Status)
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok || bytes.Equal(data, []byte("[DONE]")) {
			continue
		}
		if err := t.chunk(data, time.Since(began)); err != nil {
			return err
		}
		heard()
	}
	return lines.Err()
}

// chunk notes one event of the stream.
func (t *timing) chunk(data []byte, at time.Duration) error {
	var e struct {
		Choices []struct {
			Delta struct {
				Content string `json:"content"`
			} `json:"delta"`
		} `json:"choices"`
		Usage struct {
			Tokens int `json:"completion_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("decode chunk: %w", err)
	}
	if len(e.Choices) > 0 && e.Choices[0].Delta.Content != "" {
		t.piece(at, e.Choices[0].Delta.Content)
	}
	t.tokens = max(t.tokens, e.Usage.Tokens)
	return nil
}

// piece notes that some text came.
func (t *timing) piece(at time.Duration, text string) {
	t.text = append(t.text, text...)
	if t.first == 0 {
		t.first = at
	}
	t.last = at
}

package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
)

// stream spells frames for the events; "end" is the end and "token" a frame of
// another kind.
func stream(events ...string) string {
	var b strings.Builder
	b.WriteString("retry: 1\n\n: comment\n\n")
	for _, id := range events {
		switch id {
		case "end":
			b.WriteString("event: end\ndata: {}\n\n")
		case "token":
			b.WriteString("event: token\ndata: not JSON\n\n")
		default:
			fmt.Fprintf(&b, "id: %s\ndata: {\"id\":%q}\n\n", id, id)
		}
	}
	return b.String()
}

func events(ids ...string) step {
	return answer(http.StatusOK, stream(ids...), "Content-Type: text/event-stream")
}

// follow collects the ids of the events of session s.
func follow(ctx context.Context, c *client.Client, after string) ([]string, error) {
	var got []string
	err := c.Events(ctx, "s", after, func(e contracts.Event) error {
		got = append(got, e.ID)
		return nil
	})
	return got, err
}

func TestEventsAreTakenUpWhereTheyBroke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		half := stream("c")
		c, s := talk(t, events("a", "token", "b"), down, answer(200, half[:len(half)-1]), events("c", "d", "end"))
		got, err := follow(t.Context(), c, "0")
		if err != nil || !slices.Equal(got, []string{"a", "b", "c", "d"}) {
			t.Errorf("%v, %v", got, err)
		}
		var after []string
		for _, h := range s.heads {
			after = append(after, h.Get("Last-Event-ID"))
		}
		if !slices.Equal(after, []string{"0", "b", "b", "b"}) {
			t.Errorf("asked for events after %v", after)
		}
	})
}

func TestEventsThatAreRepeatedComeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := talk(t, events("a", "b", "a"), events("a", "b", "c"), answer(http.StatusNoContent, ""))
		got, err := follow(t.Context(), c, "")
		if err != nil || !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestEventsGiveUpWithoutProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := talk(t, down, down, down, down, events("a"), events())
		got, err := follow(t.Context(), c, "")
		if contracts.CodeOf(err) != contracts.CodeNetwork || len(got) != 1 || len(s.asked) != 5+client.DefaultRetry().Known {
			t.Errorf("%v, %v after %d attempts", got, err, len(s.asked))
		}
		c, s = talk(t, down)
		if _, err := follow(t.Context(), c, ""); contracts.CodeOf(err) != contracts.CodeNetwork || len(s.asked) != client.DefaultRetry().Attempts {
			t.Errorf("never answered: %v after %d attempts", err, len(s.asked))
		}
	})
	c, s := talk(t, problem(404, "NOT_FOUND"))
	if _, err := follow(t.Context(), c, ""); contracts.CodeOf(err) != contracts.CodeNotFound || len(s.asked) != 1 {
		t.Errorf("unknown session: %v after %d attempts", err, len(s.asked))
	}
	c, s = talk(t, answer(200, "id: a\ndata: {\n\n"))
	if _, err := follow(t.Context(), c, ""); contracts.CodeOf(err) != contracts.CodeUnsupported || len(s.asked) != 1 {
		t.Errorf("no event: %v after %d attempts", err, len(s.asked))
	}
}

func TestEventsEndWithTheirReader(t *testing.T) {
	c, s := talk(t, events("a", "b", "end"))
	full := errors.New("full")
	err := c.Events(t.Context(), "s", "", func(contracts.Event) error { return full })
	if err != full || len(s.asked) != 1 {
		t.Errorf("%v after %d attempts", err, len(s.asked))
	}
	ctx, cancel := context.WithCancel(t.Context())
	c, _ = talk(t, stall(stream("a")))
	err = c.Events(ctx, "s", "", func(contracts.Event) error { cancel(); return nil })
	if contracts.CodeOf(err) != contracts.CodeCancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestSilentStreamIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := talk(t, stall(stream("a")), events("b", "end"))
		begin := time.Now()
		got, err := follow(t.Context(), c, "")
		if err != nil || !slices.Equal(got, []string{"a", "b"}) || time.Since(begin) < client.DefaultIdle {
			t.Errorf("%v, %v after %s", got, err, time.Since(begin))
		}
	})
}

const result = `{"final_output":{"a":1},"telemetry_bundle":{"tasks":[]},"execution_metadata":{"state":"completed","stop_reason":"success","graph_cid":"","backend":"b","started_at":"2026-01-01T00:00:00.000Z","ended_at":"2026-01-01T00:00:00.000Z"}}`

func TestWaitAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		patient := func(r *http.Request) (*http.Response, error) {
			d, err := time.ParseDuration(r.URL.Query().Get("wait"))
			if err != nil {
				return nil, err
			}
			time.Sleep(d)
			return answer(202, `{"status":"running"}`)(r)
		}
		hasty := answer(202, `{"status":"running"}`)
		c, s := talk(t, patient, patient, hasty, hasty, hasty, down, answer(200, result))
		begin := time.Now()
		r, err := c.Wait(t.Context(), "s")
		if err != nil || r.Metadata.State != contracts.SessionCompleted || len(s.asked) != 7 {
			t.Errorf("%+v, %v after %v", r, err, s.asked)
		}
		if d := time.Since(begin); d < time.Minute+150*time.Millisecond || d > time.Minute+2*time.Second {
			t.Errorf("took %s", d)
		}
	})
}

// A gateway that is away for half a minute, as while it restarts with a long log, is
// waited for by whoever it has answered before.
func TestKnownSessionsOutlastARestart(t *testing.T) {
	away := func(until time.Time, then step) step {
		return func(r *http.Request) (*http.Response, error) {
			if time.Now().Before(until) {
				return down(r)
			}
			return then(r)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		c, _ := talk(t, events("a"), away(time.Now().Add(30*time.Second), events("b", "end")))
		got, err := follow(t.Context(), c, "")
		if err != nil || !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("followed: %v, %v", got, err)
		}
		c, _ = talk(t, answer(202, `{"status":"running"}`), away(time.Now().Add(30*time.Second), answer(200, result)))
		if r, err := c.Wait(t.Context(), "s"); err != nil || r.Metadata.State != contracts.SessionCompleted {
			t.Errorf("waited: %+v, %v", r, err)
		}
	})
}

func TestExecuteRecallsALostSubmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c, s := talk(t, hang, answer(202, `{"status":"accepted","execution_session_id":"s","graph_cid":""}`), answer(204, ""))
		_, err := client.NewBackend(c, "test").Execute(ctx, &contracts.TaskGraph{}, contracts.ExecutionContext{}, nil)
		if contracts.CodeOf(err) != contracts.CodeTimeout {
			t.Errorf("execute: %v", err)
		}
		want := []string{"POST /v1/sessions", "POST /v1/sessions", "POST /v1/sessions/s/cancel"}
		if !slices.Equal(s.asked, want) {
			t.Errorf("asked %v, want %v", s.asked, want)
		}
	})
}

func TestExecuteWithoutTimeAsksNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, s := talk(t, hang)
	_, err := client.NewBackend(c, "test").Execute(ctx, &contracts.TaskGraph{}, contracts.ExecutionContext{}, nil)
	if contracts.CodeOf(err) != contracts.CodeCancelled || len(s.asked) > 0 {
		t.Errorf("%v after %v", err, s.asked)
	}
}

package openai

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
)

// createResponse serves POST /v1/responses. A response runs apart from the request
// that began it; unless it is in the background it is cancelled with that.
func (s *Server) createResponse(w http.ResponseWriter, r *http.Request) error {
	var req responseRequest
	if err := read(w, r, &req); err != nil {
		return err
	}
	var before []contracts.Message
	if req.Previous != "" {
		last, ok := s.responses.get(req.Previous)
		if !ok {
			return noResponse(req.Previous)
		}
		<-last.over
		before = last.turns
	}
	a, err := req.ask(before)
	if err != nil {
		return err
	}
	res := s.begin(&req, a)
	if !req.Background {
		defer context.AfterFunc(r.Context(), res.cancel)()
	}
	w.Header().Set("Krako-Run-Id", a.ID)
	switch {
	case req.Stream:
		return res.stream(w, r, 0)
	case req.Background:
		return writeJSON(w, res.object())
	}
	<-res.over
	if res.failed != nil {
		return res.failed
	}
	return writeJSON(w, res.object())
}

func noResponse(id string) error {
	return &apiError{status: http.StatusNotFound, kind: invalid, code: "response_not_found", message: "there is no response " + id}
}

// begin starts a response.
func (s *Server) begin(req *responseRequest, a *ask) *response {
	run := uuid.Must(uuid.NewV7())
	a.ID = run.String()
	ctx, cancel := context.WithCancel(s.ctx)
	res := &response{
		id: "resp_" + strings.ReplaceAll(a.ID, "-", ""), created: s.now().Unix(), background: req.Background, request: req, cancel: cancel,
		over: make(chan struct{}), more: make(chan struct{}), status: inProgress,
	}
	res.begin()
	if req.Store == nil || *req.Store || req.Background {
		s.responses.put(res.id, res)
	}
	s.running.Go(func() {
		defer cancel()
		s.answer(ctx, res, a)
	})
	return res
}

// answer runs a response to its end.
func (s *Server) answer(ctx context.Context, res *response, a *ask) {
	defer close(res.over)
	first := true
	said := &speech{quiet: a.shape != nil, emit: func(text string) {
		res.say(text, first)
		first = false
	}}
	reply, err := s.carry(ctx, a, said.hear)
	if err == nil {
		err = failure(reply)
	}
	var o outcome
	if err == nil && refusal(reply) == "" {
		if o = a.shape.outcome(reply.Text, byModel(reply)); len(o.Calls) == 0 && (said.lost || !said.finish(o.Content)) {
			err = contracts.Errorf(contracts.CodeNetwork, reply.RunID, "the answer was begun anew after some of it was sent")
		}
		if len(o.Calls) == 0 && first && err == nil {
			res.say("", true)
		}
	}
	res.mu.Lock()
	defer res.mu.Unlock()
	res.reply = reply
	switch {
	case ctx.Err() != nil:
		res.end(cancelled, &apiError{status: http.StatusConflict, kind: invalid, code: "cancelled", message: "the response was cancelled"})
	case err != nil:
		res.end(failed, asAPI(err))
	case refusal(reply) != "":
		res.refuse(refusal(reply))
		res.end(completed, nil)
	default:
		res.finish(a, o, cutOff(reply))
	}
}

// finish tells an answer that is whole.
func (r *response) finish(a *ask, o outcome, cut bool) {
	text := o.Content
	for i := range o.Calls {
		r.call(i, &o.Calls[i])
		text += called(callID(r.reply.RunID, i), o.Calls[i].Name, string(o.Calls[i].Arguments))
	}
	if len(o.Calls) == 0 {
		r.closeMessage(textPart(o.Content))
	}
	r.turns = append(append([]contracts.Message{}, a.Request.Model.Messages...), contracts.Message{Role: "user", Content: a.Message}, contracts.Message{Role: "assistant", Content: text})
	r.cut = cut
	if cut {
		r.end(incomplete, nil)
		return
	}
	r.end(completed, nil)
}

// stream sends the events from the n-th on, until the last.
func (r *response) stream(w http.ResponseWriter, req *http.Request, n int) error {
	out := newSSE(w)
	for {
		events, more := r.after(n)
		for _, e := range events {
			out.send(e.name, e.data)
		}
		n += len(events)
		select {
		case <-req.Context().Done():
			return nil
		case <-r.over:
			if rest, _ := r.after(n); len(rest) == 0 {
				return nil
			}
		case <-more:
		}
	}
}

// getResponse serves GET /v1/responses/{id}: the object as it is, or where a stream is
// asked for the events after the one with the number starting_after.
func (s *Server) getResponse(w http.ResponseWriter, r *http.Request) error {
	res, ok := s.responses.get(r.PathValue("id"))
	if !ok {
		return noResponse(r.PathValue("id"))
	}
	stream, err := asksForStream(w, r)
	if err != nil {
		return err
	}
	if !stream {
		return writeJSON(w, res.object())
	}
	n := 0
	if after := r.URL.Query().Get("starting_after"); after != "" {
		last, err := strconv.Atoi(after)
		if err != nil || last < -1 {
			return refuse("starting_after", "is not the number of an event")
		}
		n = last + 1
	}
	return res.stream(w, r, n)
}

// asksForStream reports whether a request for a response wants its events. OpenAI's
// client for Go says so in the body of its GET, all others in the query.
func asksForStream(w http.ResponseWriter, r *http.Request) (bool, error) {
	if r.URL.Query().Get("stream") == "true" {
		return true, nil
	}
	if r.ContentLength == 0 {
		return false, nil
	}
	var body struct {
		Stream bool `json:"stream"`
	}
	err := read(w, r, &body)
	return body.Stream, err
}

// cancelResponse serves POST /v1/responses/{id}/cancel.
func (s *Server) cancelResponse(w http.ResponseWriter, r *http.Request) error {
	res, ok := s.responses.get(r.PathValue("id"))
	if !ok {
		return noResponse(r.PathValue("id"))
	}
	if !res.background {
		return refuse("id", "only a response in the background can be cancelled")
	}
	res.cancel()
	<-res.over
	return writeJSON(w, res.object())
}

// deleteResponse serves DELETE /v1/responses/{id}.
func (s *Server) deleteResponse(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	res, ok := s.responses.get(id)
	if !ok {
		return noResponse(id)
	}
	res.cancel()
	s.responses.remove(id)
	return json.NewEncoder(w).Encode(map[string]any{"id": id, "object": "response", "deleted": true})
}

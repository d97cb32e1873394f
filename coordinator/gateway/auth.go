package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

// authenticator finds out who makes a request. The hash of a key's secret costs
// tens of milliseconds, so that a key whose secret was checked is remembered,
// under a keyed hash: neither the memory of the process nor the time of a look-up
// tells a secret. Whether the key is valid still is asked every time.
type authenticator struct {
	access  Access
	seed    [sha256.Size]byte
	hashing *semaphore.Weighted // hashes at the same time
	queued  *semaphore.Weighted // requests that wait for one

	mu    sync.Mutex
	known map[[sha256.Size]byte]string // keyed hash of a token -> id
}

// Bounds of authentication.
const (
	maxToken   = 128  // bytes of a token
	maxKnown   = 4096 // keys that are remembered
	maxHashing = 2
	maxQueued  = 64
)

func newAuthenticator(a Access) *authenticator {
	n := &authenticator{
		access: a, hashing: semaphore.NewWeighted(maxHashing), queued: semaphore.NewWeighted(maxQueued),
		known: map[[sha256.Size]byte]string{},
	}
	rand.Read(n.seed[:])
	return n
}

// caller returns who makes a request. A request without a key, or with one that
// is not valid, is an AUTH_ERROR; one whose key cannot be checked for lack of
// room is RATE_LIMITED.
func (n *authenticator) caller(r *http.Request) (access.Caller, error) {
	presented, err := bearer(r.Header)
	if err != nil {
		return access.Caller{}, err
	}
	name := n.name(presented)
	if id, ok := n.recall(name); ok {
		who, _, err := n.access.Holder(id)
		return who, err
	}
	t, err := access.ParseToken(presented)
	if err != nil {
		return access.Caller{}, err
	}
	who, hash, err := n.access.Holder(t.ID)
	if err != nil {
		return access.Caller{}, err
	}
	ok, err := n.matches(r.Context(), hash, t)
	if err != nil {
		return access.Caller{}, err
	}
	if !ok {
		return access.Caller{}, access.ErrUnknown
	}
	n.remember(name, t.ID)
	return who, nil
}

// bearer returns the token of a request's Authorization header.
func bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) == 0 {
		return "", contracts.Errorf(contracts.CodeAuth, "Authorization",
			"this needs an API key: send the header 'Authorization: Bearer kk_…'. The command krako takes it from KRAKO_API_KEY; the owner of the coordinator's machine finds one in admin.key in its data directory")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || len(token) > maxToken {
		return "", contracts.Errorf(contracts.CodeAuth, "Authorization", "the header is not 'Bearer kk_<id>_<secret>', once")
	}
	return token, nil
}

func (n *authenticator) name(token string) (name [sha256.Size]byte) {
	mac := hmac.New(sha256.New, n.seed[:])
	mac.Write([]byte(token))
	mac.Sum(name[:0])
	return name
}

func (n *authenticator) recall(name [sha256.Size]byte) (id string, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id, ok = n.known[name]
	return id, ok
}

// remember forgets some key, whichever, when there is no room: it is only
// hashed again.
func (n *authenticator) remember(name [sha256.Size]byte, id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k := range n.known {
		if len(n.known) < maxKnown {
			break
		}
		delete(n.known, k)
	}
	n.known[name] = id
}

// matches hashes a token, a few at a time: who knows an id could otherwise take
// all processors and 19 MiB a request.
func (n *authenticator) matches(ctx context.Context, h access.Hash, t access.Token) (bool, error) {
	if !n.queued.TryAcquire(1) {
		return false, contracts.Errorf(contracts.CodeRateLimited, "Authorization", "too many keys are being checked at the same time")
	}
	defer n.queued.Release(1)
	if err := n.hashing.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer n.hashing.Release(1)
	return h.Matches(t), nil
}

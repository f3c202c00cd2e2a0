// Package wire holds the built functions to their promises over a wire that fails: the
// binaries run as Lambda runs them, and between them and a local AWS account stands a
// [Proxy] that loses, breaks and delays calls by a seeded [Plan], and counts.
//
//	go test -tags local -v ./test/wire
//
// The proxy is our own because no library was found that knows what has to be told apart
// here. Toxiproxy works on TCP connections: it knows no operations, cannot answer as a
// service would that throttles, and cannot break a connection after the service has carried
// out the call and before it answers. Middleware such as go-fault answers before the service
// is asked, never after. A call that was carried out and whose answer was lost is what the
// claims of package autoscaler are for.
package wire

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net"
	"net/http"
	"path"
	"strings"
	"time"
)

const (
	// delay is that of a slow answer.
	delay = 300 * time.Millisecond
	// patience bounds how long a late answer is held for a client that never gives up.
	patience = 20 * time.Second
)

// Call is one request to AWS as the proxy saw it. Status and Answer are those of the
// service, 0 and nil if it was not asked; what the client was told is for Fault to say.
type Call struct {
	Operation string // as AWS names it
	SDK       string // the SDK's own id: a call and its retries have the same
	Trace     string // the trace id of the invocation
	Body      []byte
	Fault     Fault
	Status    int
	Answer    []byte
}

// Proxy hands calls on to one endpoint of AWS, but for what Choose strikes. All fields must
// be set.
type Proxy struct {
	Upstream string
	// Choose is asked for the fault of every call when it arrives.
	Choose func(context.Context, Call) Fault
	// Seen gets every call when the service is done with it, before the client hears of it.
	Seen func(Call)
	// Crash ends the process that sent a call.
	Crash func(Call)
	// Failed gets what went wrong beside the faults.
	Failed func(error)
}

// answer is what the service said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ServeHTTP carries one call.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call, err := read(r)
	if err != nil {
		p.Failed(fmt.Errorf("read call: %w", err))
		reset(w)
		return
	}
	call.Fault = p.Choose(r.Context(), call)
	var a answer
	if call.Fault.forwards() {
		if a, err = p.forward(r, call.Body); err != nil {
			p.Failed(fmt.Errorf("forward %s: %w", call.Operation, err))
			reset(w)
			return
		}
		call.Status, call.Answer = a.status, a.body
	}
	p.Seen(call)
	p.reply(w, r, call, a)
}

// read makes a call of a request.
func read(r *http.Request) (Call, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return Call{}, err
	}
	c := Call{SDK: r.Header.Get("Amz-Sdk-Invocation-Id"), Trace: r.Header.Get("X-Amzn-Trace-Id"), Body: body}
	_, c.Operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.Operation = cmp.Or(c.Operation, path.Base(r.URL.Path)) // rpc-v2: /service/S/operation/O
	return c, nil
}

// forward has the service carry a call out, to the end: also when the client does not wait.
func (p *Proxy) forward(r *http.Request, body []byte) (answer, error) {
	ctx := context.WithoutCancel(r.Context())
	out, err := http.NewRequestWithContext(ctx, r.Method, p.Upstream+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	out.Header = r.Header.Clone()
	response, err := http.DefaultClient.Do(out)
	if err != nil {
		return answer{}, err
	}
	got, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return answer{}, err
	}
	return answer{response.StatusCode, response.Header, got}, nil
}

// reply does to the answer what the fault says.
func (p *Proxy) reply(w http.ResponseWriter, r *http.Request, c Call, a answer) {
	switch c.Fault {
	case Throttled:
		refusal(r, http.StatusBadRequest, "ThrottlingException").send(w)
	case FailedBefore, FailedAfter:
		refusal(r, http.StatusInternalServerError, "InternalFailure").send(w)
	case ResetBefore, ResetAfter:
		reset(w)
	case Truncated:
		a.truncate(w)
	case Slow:
		wait(r.Context(), delay)
		a.send(w)
	case Late:
		wait(r.Context(), patience)
		reset(w)
	case Crashed:
		p.Crash(c)
		reset(w)
	default:
		a.send(w)
	}
}

func (a answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may have gone
}

// truncate sends the first half of the body where the header promises all of it. An empty
// body loses its header too.
func (a answer) truncate(w http.ResponseWriter) {
	if len(a.body) == 0 {
		reset(w)
		return
	}
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush() // so that the half arrives
	hangUp(w, -1)
}

// refusal is an error as the service that was called would say it.
func refusal(r *http.Request, status int, code string) answer {
	header := http.Header{"Content-Type": {r.Header.Get("Content-Type")}}
	const message = "the wire says so"
	if protocol := r.Header.Get("Smithy-Protocol"); protocol != "" {
		header.Set("Smithy-Protocol", protocol)
		return answer{status, header, cborMap("__type", code, "message", message)}
	}
	body := fmt.Appendf(nil, `{"__type":%q,"message":%q}`, code, message)
	header.Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE(body))) // DynamoDB's clients look at it
	return answer{status, header, body}
}

// cborMap encodes a map of texts, each shorter than 256 bytes, by RFC 8949: names and values
// in turn.
func cborMap(texts ...string) []byte {
	out := []byte{0xa0 | byte(len(texts)/2)}
	for _, t := range texts {
		out = append(append(out, 0x78, byte(len(t))), t...)
	}
	return out
}

// wait returns after a time, or when the client has gone.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// reset breaks the connection off so that the client sees a reset and no proper end.
func reset(w http.ResponseWriter) { hangUp(w, 0) }

// hangUp closes the connection. linger is that of SO_LINGER: 0 makes a reset of it, -1 lets
// what was written arrive.
func hangUp(w http.ResponseWriter, linger int) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes it too
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(linger) // then it closes in the other way
	}
	_ = conn.Close() // it is gone, which was the point
}

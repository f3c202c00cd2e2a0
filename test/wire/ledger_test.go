//go:build local

package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"sagescale/internal/activity"
	"sagescale/internal/dynamodb"
)

// The operations that the ledger knows more of.
const (
	update   = "UpdateEndpointWeightsAndCapacities"
	putState = "PutItem"
)

// ledger holds every update to the promises, and remembers what was seen on the wire.
type ledger struct {
	store *dynamodb.Store // reached without the wire

	mu       sync.Mutex
	capacity int               // that SageMaker was last asked for
	sent     map[string]string // the claim of each update that arrived, by the SDK's id of its call
	applied  map[string]bool   // the claims whose update was carried out
	asked    []int             // the capacities of the updates that were carried out
	puts     map[string][]Call // of the state, by the SDK's id
	wrong    []error
}

func newLedger(store *dynamodb.Store, capacity int) *ledger {
	return &ledger{store: store, capacity: capacity, sent: map[string]string{}, applied: map[string]bool{}, puts: map[string][]Call{}}
}

// object notes what is wrong, nil for nothing.
func (l *ledger) object(err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, err)
}

// complaints returns what was found wrong since it was last asked.
func (l *ledger) complaints() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := errors.Join(l.wrong...)
	l.wrong = nil
	return err
}

// arrives looks at a call before anything is done with it. An update must be that of the
// claim that stands in the table, made by the invocation that sends it, and the first.
func (l *ledger) arrives(ctx context.Context, c Call) {
	if c.Operation != update {
		return
	}
	count, err := capacityOf(c.Body)
	if err != nil {
		l.object(fmt.Errorf("update %s: %w", c.Body, err))
		return
	}
	state, _, err := l.store.Load(context.WithoutCancel(ctx), endpoint)
	if err != nil {
		l.object(fmt.Errorf("load state at an update: %w", err))
		return
	}
	l.object(l.admit(c, state.Open, count))
}

// admit notes an update of a claim and says what speaks against it.
func (l *ledger) admit(c Call, open *activity.Activity, count int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if open == nil {
		return fmt.Errorf("an update to %d without a claim", count)
	}
	if sent, ok := l.sent[c.SDK]; ok {
		return fmt.Errorf("the update of claim %s was sent again", sent)
	}
	for _, claim := range l.sent {
		if claim == open.ID {
			return fmt.Errorf("a second update of claim %s", claim)
		}
	}
	l.sent[c.SDK] = open.ID
	_, invocation, _ := strings.Cut(open.ID, variant+"-")
	switch {
	case open.Status != activity.Pending || open.Variant != variant:
		return fmt.Errorf("an update to %d on the open activity %+v", count, *open)
	case invocation == "" || !strings.HasSuffix(c.Trace, invocation):
		return fmt.Errorf("invocation %s sends an update on the claim %s of another", c.Trace, open.ID)
	case open.To != count || open.From != l.capacity || open.From == open.To:
		return fmt.Errorf("an update from %d to %d on the claim %+v", l.capacity, count, *open)
	}
	return nil
}

// capacityOf returns the count of an update that asks for one count of one variant, inside
// the limits, and for nothing else.
func capacityOf(body []byte) (int, error) {
	var in struct {
		EndpointName                string
		DesiredWeightsAndCapacities []struct {
			VariantName          string
			DesiredInstanceCount *int
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return 0, err
	}
	all := in.DesiredWeightsAndCapacities
	if in.EndpointName != endpoint || len(all) != 1 || all[0].VariantName != variant || all[0].DesiredInstanceCount == nil {
		return 0, errors.New("not one count of one variant")
	}
	if n := *all[0].DesiredInstanceCount; n < minimum || n > maximum {
		return 0, fmt.Errorf("%d is not within %d and %d", n, minimum, maximum)
	}
	return *all[0].DesiredInstanceCount, nil
}

// seen notes what the service has done.
func (l *ledger) seen(c Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.Operation == putState && c.Status != 0:
		l.puts[c.SDK] = append(l.puts[c.SDK], c)
	case c.Operation == update && c.Status == http.StatusOK:
		l.applied[l.sent[c.SDK]] = true
		if count, err := capacityOf(c.Body); err == nil {
			l.capacity = count
			l.asked = append(l.asked, count)
		}
	}
}

// recognised returns how many writes of the state were carried out though their answer was
// lost, and found to be so when the SDK tried again: the service then said that the
// condition does not hold. No write may be carried out twice.
func (l *ledger) recognised() (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, tries := range l.puts {
		written := 0
		for i, c := range tries {
			switch {
			case c.Status == http.StatusOK:
				written++
			case i > 0 && written > 0 && bytes.Contains(c.Answer, []byte("ConditionalCheckFailed")):
				n++
			}
		}
		if written > 1 {
			err = errors.Join(err, fmt.Errorf("write %s was carried out %d times", id, written))
		}
	}
	return n, err
}

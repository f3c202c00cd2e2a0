package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sagescale/internal/replay"
)

// The names of scalers, as those of their scores.
const (
	sagescaleName = "sagescale"
	oracleName    = "oracle"
	awsName       = "application-auto-scaling"
)

// spoken is a scaler's name in a sentence.
func spoken(name string) string {
	switch name {
	case awsName:
		return "Application Auto Scaling"
	case "hpa":
		return "the Kubernetes HPA"
	case "kpa":
		return "Knative's autoscaler"
	case replay.BestName:
		return "Application Auto Scaling in hindsight"
	}
	return name
}

// verdict says in a few sentences what sagescale would have used and lost, what the
// first of its peers would have, and what of that is more and what is less.
func (p Page) verdict() []string {
	own := p.Scores[0]
	out := []string{fmt.Sprintf("In these %s sagescale with this policy would have used %s and lost %s.",
		p.duration(), p.used(own), lostShare(own))}
	at := slices.IndexFunc(p.Scores, func(s replay.Score) bool { return s.Name != sagescaleName && s.Name != oracleName })
	if at < 0 {
		return out
	}
	peer := p.Scores[at]
	target := p.PeerTarget
	if peer.Name == replay.BestName {
		target = peer.Target
	}
	out = append(out,
		fmt.Sprintf("%s, kept at %s of what an instance serves: %s and %s.",
			capital(spoken(peer.Name)), percent(target), p.used(peer), lostShare(peer)),
		beside(own, peer))
	return out
}

// beside says what is more and what is less of a score than of another.
func beside(own, peer replay.Score) string {
	name := spoken(peer.Name)
	hours, lost := own.InstanceHours-peer.InstanceHours, own.LostRequests-peer.LostRequests
	text := fmt.Sprintf("Beside %s, sagescale would have used %s and lost %s", name, moreHours(own, peer), moreLost(own, peer))
	switch {
	case hours == 0 && lost == 0:
		return text + "."
	case hours <= 0 && lost <= 0:
		return text + ": less of one, and no more of the other."
	case hours >= 0 && lost >= 0:
		return text + ": more of one, and no less of the other."
	case hours < 0:
		return text + ": cheaper, and it lost more. The frontier below shows what it costs to lose less."
	}
	return text + ": dearer, and it lost less. The frontier below shows what it loses for less."
}

// moreHours compares instance hours.
func moreHours(own, peer replay.Score) string {
	switch ratio := own.InstanceHours / peer.InstanceHours; {
	case own.InstanceHours == peer.InstanceHours:
		return "as many instance hours"
	case ratio < 1:
		return percent(1-ratio) + " fewer instance hours"
	default:
		return percent(ratio-1) + " more instance hours"
	}
}

// moreLost compares lost requests.
func moreLost(own, peer replay.Score) string {
	switch ratio := own.LostRequests / peer.LostRequests; {
	case own.LostRequests == peer.LostRequests && peer.LostRequests == 0:
		return "no request either"
	case own.LostRequests == peer.LostRequests:
		return "as many requests"
	case own.LostRequests == 0:
		return "none of the requests that it lost"
	case peer.LostRequests == 0:
		return fmt.Sprintf("%s requests where it lost none", whole(math.Ceil(own.LostRequests)))
	case ratio >= 2:
		return fmt.Sprintf("%s times as many requests", number(math.Round(10*ratio)/10))
	case ratio > 1:
		return percent(ratio-1) + " more requests"
	default:
		return percent(1-ratio) + " fewer requests"
	}
}

// used says what a score was paid for.
func (p Page) used(s replay.Score) string {
	text := hours(s.InstanceHours) + " instance hours"
	if p.Price > 0 {
		text += fmt.Sprintf(" ($%s)", money(p.cost(s)))
	}
	return text
}

// hours writes a time with as many digits as mean something.
func hours(h float64) string {
	if h >= 100 {
		return whole(h)
	}
	return number(math.Round(100*h) / 100)
}

// money writes dollars, with cents where there are few.
func money(usd float64) string {
	if usd >= 100 {
		return whole(usd)
	}
	return fmt.Sprintf("%.2f", usd)
}

// lostShare writes the part of the requests that was lost, and never says 0 for a few.
func lostShare(s replay.Score) string {
	switch {
	case s.LostRequests == 0:
		return "no request"
	case s.LostFraction < 0.000005:
		return fmt.Sprintf("less than 0.001 %% of the requests (%s)", whole(math.Ceil(s.LostRequests)))
	}
	return fmt.Sprintf("%.3f %% of the requests", 100*s.LostFraction)
}

// percent writes a share with a digit or none behind the point, and never 0 for a
// little.
func percent(part float64) string {
	switch {
	case part > 0 && part < 0.0005:
		return "less than 0.1 %"
	case part >= 1:
		return whole(100*part) + " %"
	}
	return number(math.Round(1000*part)/10) + " %"
}

// duration is how long the trace is.
func (p Page) duration() string {
	const hour, day = 60, 24 * 60
	switch n := len(p.Timelines[0].Rows); {
	case n >= 2*day:
		return fmt.Sprintf("%s days", number(math.Round(10*float64(n)/day)/10))
	case n >= 2*hour:
		return fmt.Sprintf("%s hours", number(math.Round(10*float64(n)/hour)/10))
	default:
		return fmt.Sprintf("%d minutes", n)
	}
}

// capital is a text with a capital at its beginning; sagescale has none anywhere.
func capital(text string) string {
	if strings.HasPrefix(text, sagescaleName) {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// unbroken keeps the signs of a number on its line.
func unbroken(sentences []string) []string {
	for i, s := range sentences {
		sentences[i] = strings.NewReplacer(" %", "\u00a0%", " ×", "\u00a0×").Replace(s)
	}
	return sentences
}

// bargains says what it takes sagescale and Application Auto Scaling to lose no more
// than the other does, and what they lose when they cost no more, among the settings
// that were tried. It is about the policy's own settings.
func (p Page) bargains() []string {
	rungs := p.Frontier
	own := slices.IndexFunc(rungs.Sagescale, func(r replay.Rung) bool { return r.Own })
	peer := slices.IndexFunc(rungs.ApplicationAutoScaling, func(r replay.Rung) bool { return r.Own })
	if own < 0 || peer < 0 {
		return nil
	}
	return []string{
		bargain("Application Auto Scaling", rungs.ApplicationAutoScaling, "sagescale with this policy", rungs.Sagescale[own]),
		bargain("sagescale", rungs.Sagescale, "Application Auto Scaling at your target value", rungs.ApplicationAutoScaling[peer]),
	}
}

// bargain says at which of its rungs a scaler loses no more than another, for the least.
func bargain(name string, rungs []replay.Rung, other string, than replay.Rung) string {
	best := -1
	for i, r := range rungs {
		if r.Score.LostRequests <= than.Score.LostRequests && (best < 0 || r.Score.CostOverOracle < rungs[best].Score.CostOverOracle) {
			best = i
		}
	}
	if best < 0 {
		return fmt.Sprintf("%s loses more than %s at each of the settings tried here.", capital(name), other)
	}
	r := rungs[best]
	return fmt.Sprintf("To lose no more than %s (%.3f × the oracle's cost, %s), %s costs %.3f × at the least: with %s, where it loses %s.",
		other, than.Score.CostOverOracle, lostShare(than.Score), name, r.Score.CostOverOracle, setting(r), lostShare(r.Score))
}

// setting names the value of a rung.
func setting(r replay.Rung) string {
	if r.Setting == replay.ServiceObjective {
		return fmt.Sprintf("serviceObjective %v", r.Value)
	}
	return fmt.Sprintf("a target of %s of what an instance serves", percent(r.Value))
}

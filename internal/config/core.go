package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"contactd/acd"
)

// Core is what the director needs to know, in one order whatever the file's, with its digest.
func (c *Config) Core() acd.Config {
	var core acd.Config
	for _, id := range slices.Sorted(maps.Keys(c.Queues)) {
		q := c.Queues[id]
		core.Queues = append(core.Queues, acd.Queue{
			ID: acd.QueueID(id), Needs: levels(q.Needs), PBX: acd.PBXID(q.PBX), Priority: q.Priority,
			RingTimeout: q.Ring, WrapUp: q.WrapUp, WrapUpExtension: q.WrapUpExtension,
			MaxWaiting: q.MaxWaiting, Music: q.Music,
			CallBack: acd.CallBackPolicy{Attempts: q.CallBack.Attempts, Pause: q.CallBack.Pause, RingTimeout: q.CallBack.Ring},
		})
	}
	for _, id := range slices.Sorted(maps.Keys(c.Agents)) {
		a := c.Agents[id]
		agent := acd.Agent{
			ID: acd.AgentID(id), Skills: levels(a.Skills), PBX: acd.PBXID(a.PBX),
			AutoAnswer: a.Phone.AutoAnswer, MaxMisses: a.MaxMisses,
		}
		for _, q := range slices.Sorted(slices.Values(a.Queues)) {
			agent.Queues = append(agent.Queues, acd.QueueID(q))
		}
		core.Agents = append(core.Agents, agent)
	}
	core.Digest = digest(core)
	return core
}

func levels(of map[string]int) []acd.Need {
	var needs []acd.Need
	for _, skill := range slices.Sorted(maps.Keys(of)) {
		needs = append(needs, acd.Need{Skill: acd.SkillID(skill), Level: of[skill]})
	}
	return needs
}

// digest is a hash over what the core is told; it is equal for equal configurations.
func digest(core acd.Config) string {
	core.Digest = ""
	raw, err := json.Marshal(core)
	if err != nil {
		panic("config: the core's configuration cannot be written as JSON: " + err.Error()) // plain data: cannot fail
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

package contracts

func (c *checker) model(u *WorkUnit, at place) {
	if u.Program != nil {
		c.fail(RuleProgram, u.ID, at.to("/program"), "is not for llm units")
	}
	m := u.Model
	at = at.to("/model")
	if m == nil {
		c.fail(RuleModel, u.ID, at, "is missing on an llm unit")
		return
	}
	oneOf(c, RuleModel, u.ID, at.to("/operation"), m.Operation, Generate, Embed)
	oneOf(c, RuleModel, u.ID, at.to("/tier"), m.Tier, TierSmall, TierMedium, TierLarge)
	if (m.Prompt == "") == (len(m.Messages) == 0) {
		c.fail(RuleModel, u.ID, at, "needs exactly one of messages and prompt")
	}
	for i, msg := range m.Messages {
		oneOf(c, RuleModel, u.ID, at.at("messages", i).to("/role"), msg.Role, "system", "user", "assistant", "tool")
	}
	for i, e := range m.Evidence {
		if e.Label == "" || len(e.Label) > maxUnitNameBytes {
			c.fail(RuleModel, u.ID, at.at("evidence", i).to("/label"), "must be 1 to %d bytes", maxUnitNameBytes)
		}
	}
	c.sampling(u.ID, m, at)
	if m.Operation == Generate && (len(u.OutputSchema) > 0) == m.FreeText {
		c.fail(RuleOutputSchema, u.ID, at.to("/free_text"), "an llm unit needs either an output_schema or free_text")
	}
}

func (c *checker) sampling(id UnitID, m *ModelCall, at place) {
	if m.MaxTokens < 0 || m.MaxTokens > maxTokens {
		c.fail(RuleModel, id, at.to("/max_tokens"), "is %d, allowed are 0 to %d", m.MaxTokens, maxTokens)
	}
	if t := m.Temperature; t != nil && !(*t >= 0 && *t <= 2) {
		c.fail(RuleModel, id, at.to("/temperature"), "is %v, allowed are 0 to 2", *t)
	}
	if p := m.TopP; p != nil && !(*p > 0 && *p <= 1) {
		c.fail(RuleModel, id, at.to("/top_p"), "is %v, allowed are above 0 to 1", *p)
	}
	if s := m.Seed; s != nil && (*s < -maxInteger || *s > maxInteger) {
		c.fail(RuleModel, id, at.to("/seed"), "is %d, allowed are %d to %d", *s, -maxInteger, maxInteger)
	}
}

"""The paper's figures of any model: which tables and charts each is made of."""

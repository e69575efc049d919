"""The paper's figures of a model with learned positions: the tables and charts each is made of."""

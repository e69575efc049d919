"""What the paper and its authors' notebook state of GPT-2 small, and what of it is not checked.

"Weight-based Analysis of Detokenization in Language Models" (Kamoda et al.). T^ee is unscaled;
heads and positions count from 0, ranks from 1.
"""

FIGURES = {
    "fig2a-iens-h4-sap": 1,  # Fig. 2-A: the rank of a past token by T^ee, from 1
    "fig2a-iens-h4-Sap": 3,
    "fig2a-iens-h7-top2": [" sap", "Al"],  # §4.1; their order in Fig. 2-A is not the notebook's
    "fig2a-tarian-h4-Liber": 1,
    "fig2a-tarian-h4-_Liber": 2,
    "fig2a-Jackson-h7-Peter": 1,
    "fig2b-range-h1": [-47, 127],  # §4.2, of T^ee among 100 tokens that are not known
    "fig2b-range-h7": [-35, 31],
    "fig3b-range-h1": [-40, 0],  # §5.4, "across broad positions", read from a plot
    "fig4-mixed-terms-small": True,  # §6.1
    "sec6.3-norm-variance": [0.19, 0.00],
    "fn8-cov-ratio": 46,  # footnote 8
    "fig6-var-first-last": True,  # §6.4, Fig. 6 right
    "fig7-last-flat": True,  # §6.4, Fig. 7
}
_COUNTS = "is of the counts of OpenWebText, which detok does not have"
LEFT_OUT = {
    "fig2d-best-head": f"the AUROC {_COUNTS}",
    "fig5-spearman-h7": f"the correlation {_COUNTS}",
    "fig5-spearman-h1": f"the correlation {_COUNTS}",
    "fig6-spearman-var": f"the correlation {_COUNTS}",
    "owt_count": f"a column of the notebook that {_COUNTS}",
}
# Current token, past token and head of the ranks in Fig. 2-A.
RANKED = {
    "fig2a-iens-h4-sap": ("iens", " sap", 4),
    "fig2a-iens-h4-Sap": ("iens", " Sap", 4),
    "fig2a-tarian-h4-Liber": ("tarian", "Liber", 4),
    "fig2a-tarian-h4-_Liber": ("tarian", " Liber", 4),
    "fig2a-Jackson-h7-Peter": (" Jackson", " Peter", 7),
}
# Table 1: current token, past token, and the rank that it has in some head.
TABLE_1 = [
    (" Korea", " North", 1),
    (" Korea", " South", 3),
    (" Obama", " Barack", 3),
    (" Obama", " President", 2),
    (" Obama", " Michelle", 3),
    (" Einstein", " Albert", 1),
    (" Einstein", "Albert", 2),
    (" Jackson", " Michael", 1),
    (" Jackson", " Jesse", 4),
    (" Jackson", " Janet", 6),
    (" chloride", " aluminum", 1),
    (" chloride", " copper", 3),
    (" chloride", " vinyl", 6),
    (" chloride", " sodium", 7),
    (" chloride", " platinum", 8),
    (" chloride", " potassium", 2),
    (" century", " 19", 1),
    (" century", " nineteenth", 7),
    (" century", " twentieth", 6),
]
# The authors' notebook: T^ee of "iens" as the current token.
IENS = 10465
# In head 7: past token, joined text, score, rank.
NOTEBOOK_HEAD_7 = [
    (2348, "Aliens", 41.437702, 1),
    (31841, " sapiens", 41.008968, 2),
    (435, " aliens", 38.2491, 3),
    (8355, " ALiens", 36.045887, 4),
    (1878, "afiens", 35.321766, 5),
    (24412, " TYiens", -42.426086, 50257),
]
NOTEBOOK_HEAD_0 = [(0, 6.533049), (1, 2.131057), (3, 12.169627)]  # past token, score

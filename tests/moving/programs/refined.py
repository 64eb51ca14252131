import dspy

qa = dspy.ChainOfThought("question -> answer")


def one_word_answer(args, pred):
    return 1.0 if len(pred.answer.split()) == 1 else 0.0


best_of_3 = dspy.BestOfN(module=qa, N=3, reward_fn=one_word_answer, threshold=1.0)

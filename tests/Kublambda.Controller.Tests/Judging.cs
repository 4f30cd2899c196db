using Kublambda.Controller.Validation;

namespace Kublambda.Controller.Tests;

/// <summary>What tests of the rules have in common.</summary>
internal static class Judging
{
    public static Verdict Judge(ALambda lambda) => LambdaValidator.Validate(lambda.Build());

    public static void Refused(ALambda lambda, string reason, string field, string words)
    {
        var verdict = Judge(lambda);
        Assert.False(verdict.Accepted);
        Assert.Equal(reason, verdict.Reason);
        Assert.StartsWith(field + ": ", verdict.Message, StringComparison.Ordinal);
        Assert.Contains(words, verdict.Message, StringComparison.Ordinal);
    }
}

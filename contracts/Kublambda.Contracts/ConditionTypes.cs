namespace Kublambda.Contracts;

/// <summary>Types of <c>status.conditions</c>. All have positive polarity: <c>True</c> is good.</summary>
public static class ConditionTypes
{
    /// <summary>The spec is understood and allowed. False: the user has to change it; nothing runs for it.</summary>
    public const string Accepted = "Accepted";

    /// <summary>The image of this generation is in the registry.</summary>
    public const string Built = "Built";

    /// <summary>The workload runs the image of this generation, with all its replicas.</summary>
    public const string Deployed = "Deployed";

    /// <summary>Summary: this generation answers requests. False while an older one still serves; the message says so.</summary>
    public const string Ready = "Ready";

    /// <summary>Present while the Lambda is being deleted: how far clean-up is.</summary>
    public const string Terminating = "Terminating";
}

namespace Kublambda.Contracts.Resources;

/// <summary>What the user asks for.</summary>
public sealed record LambdaSpec
{
    /// <summary>One of <see cref="Runtimes"/>.</summary>
    public string Runtime { get; init; } = "";

    /// <summary>
    /// <c>module.function</c> as the runtime names it: for Node.js <c>index.handler</c> is the export <c>handler</c> of <c>index.js</c>, for
    /// Python <c>main.handler</c> the function <c>handler</c> of <c>main.py</c>. <see cref="Defaults.HandlerOf"/> when absent.
    /// </summary>
    public string? Handler { get; init; }

    /// <summary>One of <see cref="Signatures"/>; HTTP when absent.</summary>
    public string? Signature { get; init; }

    public SourceSpec Source { get; init; } = new();
    public BuildSpec? Build { get; init; }
    public IReadOnlyList<TriggerSpec>? Triggers { get; init; }
    public IReadOnlyList<string>? StateTables { get; init; }
    public ScalingSpec? Scaling { get; init; }
    public IReadOnlyList<EnvVar>? Env { get; init; }
    public ComputeResources? Resources { get; init; }

    /// <summary>How long one request may take, in seconds; <see cref="Defaults.TimeoutSeconds"/> when absent.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>The ServiceAccount whose token the function gets. Absent: no token at all.</summary>
    public string? ServiceAccountName { get; init; }
}

/// <summary>Values of <see cref="LambdaSpec.Runtime"/>.</summary>
public static class Runtimes
{
    public const string Nodejs = "nodejs";
    public const string Python = "python";
    public const string Dotnet = "dotnet";
    public const string Buildpack = "buildpack";
    public const string Image = "image";
}

/// <summary>Values of <see cref="LambdaSpec.Signature"/>, the words of the Functions Framework contract.</summary>
public static class Signatures
{
    public const string Http = "http";
    public const string CloudEvent = "cloudevent";
}

/// <summary>What holds where the resource says nothing.</summary>
public static class Defaults
{
    public const int TimeoutSeconds = 60;
    public const int BuildTimeoutSeconds = 600;
    public const int MinReplicas = 1;
    public const int MaxReplicas = 10;
    public const int Concurrency = 50;
    public const string Handler = "index.handler";

    /// <summary>The handler of a Lambda that names none; null where the runtime finds it by itself.</summary>
    public static string? HandlerOf(string runtime) => runtime switch
    {
        Runtimes.Nodejs => Handler,
        Runtimes.Python => "main.handler",
        _ => null,
    };
}

namespace Kublambda.Invoker;

/// <summary>Exit codes. The deployer turns them into the reason of the Lambda's Deployed condition.</summary>
internal static class ExitCodes
{
    /// <summary>The process ended outside of a request.</summary>
    public const int Crashed = 1;

    /// <summary>No such type or method, or a setting that makes no sense.</summary>
    public const int BadTarget = 64;

    /// <summary>The assembly could not be loaded.</summary>
    public const int LoadFailed = 65;

    /// <summary>Loading took longer than FUNCTION_LOAD_TIMEOUT_SECONDS.</summary>
    public const int LoadTimeout = 66;

    /// <summary>Too many calls did not end although their time was up.</summary>
    public const int Blocked = 70;

    /// <summary>The memory that the container may use is full, and no collection gets any back.</summary>
    public const int OutOfMemory = 71;
}

/// <summary>Something the process cannot go on from: what happened, and what the user can do about it.</summary>
internal sealed class FatalException(int exitCode, string cause, string remedy) : Exception($"{cause}\nRemedy: {remedy}")
{
    public int ExitCode { get; } = exitCode;
}

/// <summary>A request that gets an answer of its own in the handler's place.</summary>
internal sealed class RefusedException(int status, string reason, string message) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>The word in the answer and in the metrics.</summary>
    public string Reason { get; } = reason;
}

using Kublambda.Contracts;

namespace Kublambda.Builder.Sources;

/// <summary>The source can never be built as it is: empty, damaged, over a limit or hostile. The user has to change it.</summary>
/// <param name="message">The cause and what to do about it, for the condition.</param>
/// <param name="reason">One of <see cref="Reasons"/>.</param>
public sealed class SourceRefusedException(string message, string reason = Reasons.SourceInvalid) : Exception(message)
{
    public string Reason { get; } = reason;
}

/// <summary>A ConfigMap, Secret, key or git revision that the source names is not there; it may come yet.</summary>
/// <param name="message">What is missing, for the condition.</param>
public sealed class SourceNotFoundException(string message) : Exception(message);

/// <summary>The server of the source does not answer as it should, or not to us; that may pass.</summary>
/// <param name="message">The cause and what to do about it, for the condition.</param>
/// <param name="reason">One of <see cref="Reasons"/>.</param>
public sealed class SourceUnavailableException(string message, string reason = Reasons.SourceUnavailable) : Exception(message)
{
    public string Reason { get; } = reason;
}

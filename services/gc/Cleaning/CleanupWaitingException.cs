namespace Kublambda.Gc.Cleaning;

/// <summary>Clean-up cannot go on now; the controller asks again. The message says what it waits for and what to do.</summary>
/// <param name="reason">One of <see cref="Contracts.Reasons"/>.</param>
public sealed class CleanupWaitingException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Reason { get; } = reason;
}

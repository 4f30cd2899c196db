namespace Kublambda.Builder.Sources;

/// <summary>The source can never be built as it is: empty, damaged, over a limit or hostile. The user has to change it.</summary>
/// <param name="message">The cause and what to do about it, for the condition.</param>
public sealed class SourceRefusedException(string message) : Exception(message);

/// <summary>A ConfigMap or key that the source names is not there; it may come yet.</summary>
/// <param name="message">What is missing, for the condition.</param>
public sealed class SourceNotFoundException(string message) : Exception(message);

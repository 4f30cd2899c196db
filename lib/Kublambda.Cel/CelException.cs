namespace Kublambda.Cel;

/// <summary>When and why an expression failed.</summary>
public enum CelErrorKind
{
    /// <summary>The text is not an expression.</summary>
    Syntax,

    /// <summary>A name, a number of arguments or a type is wrong; found before anything runs.</summary>
    Check,

    /// <summary>The evaluation came to an error value: no such key, division by zero, no such overload.</summary>
    Evaluation,

    /// <summary>The expression or its evaluation went past one of <see cref="CelLimits"/>.</summary>
    Limit,
}

/// <summary>One thing that is wrong with an expression.</summary>
/// <param name="Message">What is wrong, without position and hint.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 units.</param>
/// <param name="Hint">What to do about it, when that can be said.</param>
public sealed record CelIssue(string Message, int Line, int Column, string? Hint)
{
    /// <summary><c>line:column: message (hint)</c>.</summary>
    public override string ToString() => $"{Line}:{Column}: {Message}" + (Hint is null ? "" : $" ({Hint})");
}

/// <summary>An expression is wrong, or its evaluation failed. The message holds every issue with its position and hint.</summary>
public sealed class CelException : Exception
{
    internal CelException(CelErrorKind kind, IReadOnlyList<CelIssue> issues)
        : base(string.Join("; ", issues))
    {
        Kind = kind;
        Issues = issues;
    }

    /// <summary>When and why it failed.</summary>
    public CelErrorKind Kind { get; }

    /// <summary>At least one; only the check before evaluation finds more than one.</summary>
    public IReadOnlyList<CelIssue> Issues { get; }

    /// <summary>The line of the first issue, from 1.</summary>
    public int Line => Issues[0].Line;

    /// <summary>The column of the first issue, from 1.</summary>
    public int Column => Issues[0].Column;

    /// <summary>The hint of the first issue, if it has one.</summary>
    public string? Hint => Issues[0].Hint;

    /// <summary>The first issue without position and hint.</summary>
    public string Reason => Issues[0].Message;
}

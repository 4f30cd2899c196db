namespace Kublambda.Cel;

/// <summary>
/// What an expression may take. The defaults let any reasonable condition through and keep the worst one below about a second and a few tens of megabytes.
/// Reaching a limit is an error of kind <see cref="CelErrorKind.Limit"/>, which no operator absorbs.
/// </summary>
public sealed record CelLimits
{
    /// <summary>The limits of <see cref="CelEnvironment.Standard"/>.</summary>
    public static CelLimits Default { get; } = new();

    /// <summary>UTF-16 units an expression may be long.</summary>
    public int MaxExpressionLength { get; init; } = 32_768;

    /// <summary>Levels an expression may be nested, chains such as <c>a.b.c</c> and <c>1 + 1 + 1</c> included; <c>||</c> and <c>&amp;&amp;</c> chains count as one level.</summary>
    public int MaxDepth { get; init; } = 250;

    /// <summary>Steps an evaluation may take: one for each node evaluated and each element visited, and one for each ten characters or bytes read or written.</summary>
    public long MaxCost { get; init; } = 1_000_000;

    /// <summary>Wall-clock time an evaluation may take; a net below <see cref="MaxCost"/>, which is reached first unless the machine is very slow.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}

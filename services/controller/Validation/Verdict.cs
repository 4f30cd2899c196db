using Kublambda.Contracts;

namespace Kublambda.Controller.Validation;

/// <summary>Whether a spec is accepted.</summary>
/// <param name="Accepted">Status of the condition <see cref="ConditionTypes.Accepted"/>.</param>
/// <param name="Reason">One of <see cref="Reasons"/>.</param>
/// <param name="Message">Every problem on a line of its own: the field, what is wrong, what to write instead.</param>
public sealed record Verdict(bool Accepted, string Reason, string Message)
{
    public static Verdict Valid { get; } = new(true, Reasons.Valid, "The spec is valid.");

    /// <summary>The object itself could not be read as a Lambda.</summary>
    public static Verdict Malformed(string error) =>
        new(false, Reasons.Malformed, $"The resource cannot be read as a Lambda: {error.TrimEnd('.')}. Apply it again from a file that `kubectl explain lambda --recursive` agrees with.");
}

/// <summary>One thing that is wrong with a spec.</summary>
/// <param name="Field">Path from the root of the resource, for example <c>spec.env[2].name</c>.</param>
/// <param name="Message">What is wrong and what to write instead.</param>
/// <param name="NotSupported">True: right, but this version does not do it.</param>
public sealed record Problem(string Field, string Message, bool NotSupported = false)
{
    public static Problem Unsupported(string field, string what, string instead) =>
        new(field, $"{what} is not supported by this version of Kublambda; {instead}", NotSupported: true);

    public override string ToString() => $"{Field}: {Message}";
}

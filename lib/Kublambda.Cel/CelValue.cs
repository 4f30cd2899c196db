using Kublambda.Cel.Values;

namespace Kublambda.Cel;

/// <summary>A value of the language. Immutable, and safe to share between threads and evaluations.</summary>
/// <remarks>Equality is that of CEL: numbers compare across types (<c>1 == 1.0 == 1u</c>), values of other different types are unequal.</remarks>
public abstract class CelValue : IEquatable<CelValue>
{
    private protected CelValue()
    {
    }

    /// <summary>What it is.</summary>
    public abstract CelKind Kind { get; }

    /// <summary>The name <c>type(x)</c> has for this value, such as <c>int</c> or <c>google.protobuf.Timestamp</c>.</summary>
    public virtual string TypeName => KindNames.Of(Kind);

    /// <summary>
    /// Wraps a CLR value: null, bool, integers, floats, string, byte[], <see cref="DateTimeOffset"/>, <see cref="DateTime"/>, <see cref="TimeSpan"/>,
    /// <see cref="System.Text.Json.JsonElement"/>, <see cref="System.Text.Json.JsonDocument"/> and <see cref="System.Text.Json.Nodes.JsonNode"/>, dictionaries and sequences of these. Maps and lists are converted as they are read.
    /// </summary>
    /// <exception cref="ArgumentException">The type has no counterpart in CEL.</exception>
    public static CelValue From(object? value) => ClrConversion.ToCel(value);

    /// <summary>
    /// The plain CLR counterpart: null, bool, long, ulong, double, string, byte[], <see cref="List{T}"/>, <see cref="Dictionary{TKey, TValue}"/>,
    /// <see cref="DateTimeOffset"/> (100 ns), <see cref="TimeSpan"/> (100 ns), the type's name for a type; an optional gives its value or null.
    /// </summary>
    /// <exception cref="InvalidOperationException">It has more than a million elements: a small expression can give a list that holds itself over and over.</exception>
    public object? ToObject() => ClrConversion.ToClr(this);

    /// <summary>Whether CEL takes them for equal; NaN equals nothing, itself included.</summary>
    public bool Equals(CelValue? other) => other is not null && Equality.AreEqual(this, other, budget: null);

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj) => Equals(obj as CelValue);

    /// <inheritdoc/>
    public sealed override int GetHashCode() => KeyComparer.Instance.GetHashCode(this);

    /// <summary>A short text for messages and debugging; not part of the language.</summary>
    public override string ToString() => Display.Of(this);
}

namespace Kublambda.Cel;

/// <summary>The value <c>null</c>.</summary>
public sealed class CelNull : CelValue
{
    private CelNull()
    {
    }

    /// <summary>The only one.</summary>
    public static CelNull Instance { get; } = new();

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Null;
}

/// <summary><c>true</c> or <c>false</c>.</summary>
public sealed class CelBool : CelValue
{
    private CelBool(bool value) => Value = value;

    /// <summary><c>true</c></summary>
    public static CelBool True { get; } = new(true);

    /// <summary><c>false</c></summary>
    public static CelBool False { get; } = new(false);

    /// <summary>The CLR counterpart.</summary>
    public bool Value { get; }

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Bool;

    /// <summary>One of the two there are.</summary>
    public static CelBool Of(bool value) => value ? True : False;
}

/// <summary>A 64-bit signed integer.</summary>
public sealed class CelInt(long value) : CelValue
{
    /// <summary>The CLR counterpart.</summary>
    public long Value { get; } = value;

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Int;
}

/// <summary>A 64-bit unsigned integer.</summary>
public sealed class CelUint(ulong value) : CelValue
{
    /// <summary>The CLR counterpart.</summary>
    public ulong Value { get; } = value;

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Uint;
}

/// <summary>An IEEE 754 double.</summary>
public sealed class CelDouble(double value) : CelValue
{
    /// <summary>The CLR counterpart.</summary>
    public double Value { get; } = value;

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Double;
}

/// <summary>Text: a sequence of Unicode code points (lone surrogates in the input count as one each).</summary>
public sealed class CelString(string value) : CelValue
{
    /// <summary>The CLR counterpart.</summary>
    public string Value { get; } = value;

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.String;
}

/// <summary>Octets.</summary>
public sealed class CelBytes(ReadOnlyMemory<byte> value) : CelValue
{
    /// <summary>The CLR counterpart; it must not change any more.</summary>
    public ReadOnlyMemory<byte> Value { get; } = value;

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Bytes;
}

/// <summary>A type as a value, such as <c>int</c>.</summary>
public sealed class CelType(string name) : CelValue
{
    /// <summary>Such as <c>int</c> or <c>google.protobuf.Timestamp</c>.</summary>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Type;

    internal static CelType Of(CelValue value) => new(value.TypeName);
}

/// <summary>A value that may be absent: what <c>a.?b</c> gives.</summary>
public sealed class CelOptional : CelValue
{
    private CelOptional(CelValue? value) => Value = value;

    /// <summary><c>optional.none()</c></summary>
    public static CelOptional None { get; } = new(null);

    /// <summary>The value, or null when there is none.</summary>
    public CelValue? Value { get; }

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Optional;

    /// <summary><c>optional.of(value)</c></summary>
    public static CelOptional Of(CelValue value) => new(value);
}

/// <summary>A value that only functions make and read.</summary>
internal abstract class CelOpaque : CelValue
{
    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Opaque;

    public abstract bool SameAs(CelOpaque other);

    public abstract int Hash();

    public abstract string Text { get; }
}

/// <summary>An error that travels as a value, so that <c>||</c>, <c>&amp;&amp;</c> and the macros can absorb it without the cost of an exception.</summary>
internal sealed class CelError(string message, Func<string?>? hint = null) : CelValue
{
    public const int NoPosition = -1;

    public string Message { get; } = message;

    public string? Hint => hint?.Invoke();

    public int Position { get; private init; } = NoPosition;

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Error;

    private Func<string?>? HintSource => hint;

    /// <summary>The first place an error is seen at is where it happened; later ones only pass it on.</summary>
    public CelError At(int position) => Position >= 0 ? this : new CelError(Message, HintSource) { Position = position };
}

using System.Collections;
using System.Text.Json;
using Kublambda.Cel.Values;

namespace Kublambda.Cel;

/// <summary>A list; elements need not be of one type.</summary>
public abstract class CelList : CelValue, IReadOnlyList<CelValue>
{
    private protected CelList()
    {
    }

    /// <summary><c>[]</c></summary>
    public static CelList Empty { get; } = new ArrayList([]);

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.List;

    /// <inheritdoc/>
    public abstract int Count { get; }

    /// <inheritdoc/>
    public abstract CelValue this[int index] { get; }

    /// <summary>Wraps the elements, which must not change any more.</summary>
    public static CelList Of(IReadOnlyList<CelValue> elements) => new ArrayList(elements);

    /// <inheritdoc/>
    public IEnumerator<CelValue> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private sealed class ArrayList(IReadOnlyList<CelValue> elements) : CelList
    {
        public override int Count => elements.Count;

        public override CelValue this[int index] => elements[index];
    }
}

/// <summary>A JSON array; elements are converted when they are read for the first time.</summary>
internal sealed class JsonList(JsonElement array) : CelList
{
    private readonly CelValue?[] _elements = new CelValue?[array.GetArrayLength()];

    public override int Count => _elements.Length;

    // Two threads may both convert an element: the results are equal, and either may stay.
    public override CelValue this[int index] => _elements[index] ??= JsonConversion.ToCel(array[index]);
}

/// <summary>A CLR list; elements are converted when they are read.</summary>
internal sealed class ClrList(IList list) : CelList
{
    public override int Count => list.Count;

    public override CelValue this[int index] => ClrConversion.ToCel(list[index]);
}

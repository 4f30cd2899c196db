using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Kublambda.Cel.Values;

namespace Kublambda.Cel;

/// <summary>A map. Keys are int, uint, bool or string; numeric keys that are equal are the same key.</summary>
public abstract class CelMap : CelValue, IEnumerable<KeyValuePair<CelValue, CelValue>>
{
    private protected CelMap()
    {
    }

    /// <summary><c>{}</c></summary>
    public static CelMap Empty { get; } = new EntryMap(EntryMap.NewEntries());

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Map;

    /// <summary>The number of entries.</summary>
    public abstract int Count { get; }

    /// <exception cref="ArgumentException">A key is there twice, or is no int, uint, bool or string.</exception>
    public static CelMap Of(IEnumerable<KeyValuePair<CelValue, CelValue>> entries)
    {
        var map = EntryMap.NewEntries();
        foreach (var (key, value) in entries)
        {
            if (key.Kind is not (CelKind.Int or CelKind.Uint or CelKind.Bool or CelKind.String)) throw new ArgumentException($"A map has no keys of type {key.TypeName}.", nameof(entries));
            map.Add(key, value);
        }

        return new EntryMap(map);
    }

    /// <summary>Looks a key up; a double that is a whole number finds the equal integer key.</summary>
    public abstract bool TryGetValue(CelValue key, [MaybeNullWhen(false)] out CelValue value);

    /// <inheritdoc/>
    public abstract IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal virtual bool TryGetField(string name, [MaybeNullWhen(false)] out CelValue value) => TryGetValue(new CelString(name), out value);

    internal IEnumerable<string> StringKeys => this.Select(entry => entry.Key).OfType<CelString>().Select(key => key.Value);
}

/// <summary>A map made by an expression; keeps the order its entries were written in.</summary>
internal sealed class EntryMap(Dictionary<CelValue, CelValue> entries) : CelMap
{
    public override int Count => entries.Count;

    public static Dictionary<CelValue, CelValue> NewEntries(int capacity = 0) => new(capacity, KeyComparer.Instance);

    public override bool TryGetValue(CelValue key, [MaybeNullWhen(false)] out CelValue value) => entries.TryGetValue(key, out value);

    public override IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator() => entries.GetEnumerator();
}

/// <summary>A JSON object; indexed at the first look-up, each value converted when it is read for the first time.</summary>
internal sealed class JsonMap(JsonElement json) : CelMap
{
    private Dictionary<string, Entry>? _entries;

    public override int Count => Entries.Count;

    private Dictionary<string, Entry> Entries
    {
        get
        {
            // Two threads may both build the index; the results are equal, and either may stay.
            var entries = Volatile.Read(ref _entries);
            if (entries is not null) return entries;
            entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
            foreach (var property in json.EnumerateObject()) entries[property.Name] = new Entry(property.Value);
            Volatile.Write(ref _entries, entries);
            return entries;
        }
    }

    public override bool TryGetValue(CelValue key, [MaybeNullWhen(false)] out CelValue value)
    {
        value = null;
        return key is CelString text && TryGetField(text.Value, out value);
    }

    internal override bool TryGetField(string name, [MaybeNullWhen(false)] out CelValue value)
    {
        value = Entries.TryGetValue(name, out var entry) ? entry.Value : null;
        return value is not null;
    }

    public override IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator()
    {
        foreach (var (name, entry) in Entries) yield return new(new CelString(name), entry.Value);
    }

    private sealed class Entry(JsonElement json)
    {
        private CelValue? _value;

        public CelValue Value => _value ??= JsonConversion.ToCel(json);
    }
}

/// <summary>A CLR dictionary whose keys are strings; values are converted when they are read.</summary>
internal sealed class ClrMap(IDictionary dictionary) : CelMap
{
    public override int Count => dictionary.Count;

    public override bool TryGetValue(CelValue key, [MaybeNullWhen(false)] out CelValue value)
    {
        value = null;
        return key is CelString text && TryGetField(text.Value, out value);
    }

    internal override bool TryGetField(string name, [MaybeNullWhen(false)] out CelValue value)
    {
        value = dictionary.Contains(name) ? ClrConversion.ToCel(dictionary[name]) : null;
        return value is not null;
    }

    public override IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator()
    {
        foreach (DictionaryEntry entry in dictionary) yield return new(ClrConversion.ToCel(entry.Key), ClrConversion.ToCel(entry.Value));
    }
}

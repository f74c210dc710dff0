using Microsoft.Win32.SafeHandles;

namespace CertHerald.TestLog.Storage;

/// <summary>
/// A file that grows at its end through a buffer and is read anywhere. One writer, any number of readers. Its lock refuses
/// a second log in the same folder.
/// </summary>
internal sealed class AppendOnlyFile : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SafeFileHandle _file;
    private readonly byte[] _tail;
    private int _tailLength;
    private long _written;

    public AppendOnlyFile(string path, int buffer)
    {
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        _written = RandomAccess.GetLength(_file);
        _tail = new byte[buffer];
    }

    /// <summary>With what is still buffered. For the writer only.</summary>
    public long Length => _written + _tailLength;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_tailLength + bytes.Length > _tail.Length) WriteTail();
            if (bytes.Length > _tail.Length)
            {
                RandomAccess.Write(_file, bytes, _written);
                Volatile.Write(ref _written, _written + bytes.Length);
                return;
            }
            bytes.CopyTo(_tail.AsSpan(_tailLength));
            _tailLength += bytes.Length;
        }
    }

    /// <exception cref="EndOfStreamException">So many bytes were never appended.</exception>
    public void Read(long offset, Span<byte> target)
    {
        if (offset + target.Length > Volatile.Read(ref _written)) Flush();
        while (target.Length > 0)
        {
            int read = RandomAccess.Read(_file, target, offset);
            if (read == 0) throw new EndOfStreamException();
            offset += read;
            target = target[read..];
        }
    }

    public void Flush()
    {
        lock (_gate) WriteTail();
    }

    /// <summary>Cuts what a killed process wrote too far. Before the first append only.</summary>
    public void Truncate(long length)
    {
        if (length >= _written) return;
        RandomAccess.SetLength(_file, length);
        _written = length;
    }

    public void Dispose()
    {
        Flush();
        _file.Dispose();
    }

    private void WriteTail()
    {
        if (_tailLength == 0) return;
        RandomAccess.Write(_file, _tail.AsSpan(0, _tailLength), _written);
        Volatile.Write(ref _written, _written + _tailLength);
        _tailLength = 0;
    }
}

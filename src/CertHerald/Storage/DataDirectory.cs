namespace CertHerald.Storage;

/// <summary>The directory that a process keeps its files in, for itself alone.</summary>
internal static class DataDirectory
{
    /// <summary>Makes the directory if need be, and takes it for as long as the result is open.</summary>
    /// <exception cref="StoreInUseException">Another process has it.</exception>
    /// <exception cref="StoreException">It cannot be made or written.</exception>
    public static FileStream Take(string directory)
    {
        try
        {
            // Ours alone if we make it: what is watched, and what receivers answered, is nobody else's business.
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(directory);
            else Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            string path = Path.Combine(directory, "certherald.lock");
            var taken = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            FileOwner.Give(path);
            return taken;
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new StoreException($"{directory} cannot be written: {failure.Message} Name another directory with --data DIR", failure);
        }
        catch (IOException failure) when (Directory.Exists(directory) && File.Exists(Path.Combine(directory, "certherald.lock")))
        {
            _ = failure;
            throw new StoreInUseException(directory);
        }
        catch (IOException failure)
        {
            throw new StoreException($"{directory} cannot be made: {failure.Message}", failure);
        }
    }
}
